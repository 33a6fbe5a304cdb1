/* The HTTP client against a server in this process that says exactly what a test wants. */
#include "testing.h"

#include "oci/http/http.h"

#include <curl/curl.h>

/* Answers each connection in turn with the next of its texts, whatever is asked, and closes it. */
typedef struct
{
  GSocketListener *listener;
  guint16 port;
  GThread *thread;
  const char *const *answers; /* NULL-terminated */
  GString *requests;          /* everything that arrived */
  unsigned drip_msecs;        /* between the bytes of an answer's second half */
  unsigned silent_msecs;      /* before an answer */
  size_t answer_size;         /* of each answer; 0: they are texts */
  size_t body_bytes;          /* of each request */
} Server;

static void
read_request (GInputStream *input, GString *requests, size_t body_bytes)
{
  char byte;
  while (g_input_stream_read (input, &byte, 1, NULL, NULL) == 1)
    {
      g_string_append_c (requests, byte);
      if (g_str_has_suffix (requests->str, "\r\n\r\n"))
        break;
    }
  for (; body_bytes > 0 && g_input_stream_read (input, &byte, 1, NULL, NULL) == 1; body_bytes--)
    g_string_append_c (requests, byte);
}

static void
write_answer (const Server *self, GOutputStream *output, const char *answer)
{
  size_t len = self->answer_size > 0 ? self->answer_size : strlen (answer);
  size_t half = self->drip_msecs > 0 ? len / 2 : len;
  (void) g_output_stream_write_all (output, answer, half, NULL, NULL, NULL);
  for (size_t i = half; i < len; i++)
    {
      g_usleep (self->drip_msecs * 1000);
      if (g_output_stream_write (output, answer + i, 1, NULL, NULL) != 1)
        return; /* the client has had enough */
    }
}

static gpointer
serve (gpointer data)
{
  Server *self = data;
  for (const char *const *answer = self->answers; *answer != NULL; answer++)
    {
      g_autoptr (GSocketConnection) connection =
          g_socket_listener_accept (self->listener, NULL, NULL, NULL);
      read_request (g_io_stream_get_input_stream (G_IO_STREAM (connection)), self->requests,
                    self->body_bytes);
      g_usleep (self->silent_msecs * 1000);
      write_answer (self, g_io_stream_get_output_stream (G_IO_STREAM (connection)), *answer);
      (void) g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
    }
  return NULL;
}

static void
server_start (Server *self, const char *const *answers)
{
  g_autoptr (GError) error = NULL;
  self->listener = g_socket_listener_new ();
  self->answers = answers;
  self->requests = g_string_new (NULL);
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any_port = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_assert_true (g_socket_listener_add_address (self->listener, any_port, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, &bound, &error));
  g_assert_no_error (error);
  self->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  self->thread = g_thread_new ("server", serve, self);
}

static void
server_stop (Server *self)
{
  g_thread_join (self->thread);
  g_socket_listener_close (self->listener);
  g_object_unref (self->listener);
  g_string_free (self->requests, TRUE);
}

static OciHttpResponse *
get (Server *server, const OciHttpOptions *options, const OciHttpReceiver *receiver, GError **error)
{
  g_autoptr (OciHttpClient) client = oci_http_client_new (options);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", server->port);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.receiver = receiver;
  request.authorization = "Basic secret";
  return oci_http_client_send (client, &request, NULL, error);
}

static const OciHttpOptions plain_options = { .user_agent = "test/1" };

typedef struct
{
  unsigned status; /* when begun */
  GString *body;
} Received;

static gboolean
begin (gpointer data, const OciHttpResponse *response, G_GNUC_UNUSED GError **error)
{
  ((Received *) data)->status = response->status;
  return TRUE;
}

static gboolean
take (gpointer data, const void *bytes, size_t len, G_GNUC_UNUSED GError **error)
{
  g_string_append_len (((Received *) data)->body, bytes, (gssize) len);
  return TRUE;
}

static void
test_receiver (void)
{
  static const char *const answers[] = {
    "HTTP/1.1 206 Partial\r\nContent-Range: bytes 2-3/4\r\nContent-Length: 2\r\n\r\ncd",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL
  };
  g_autoptr (GError) error = NULL;
  Server server = { 0 };
  Received received = { .body = g_string_new (NULL) };
  const OciHttpReceiver receiver = { .begin = begin, .write = take, .data = &received };
  server_start (&server, answers);

  g_autoptr (OciHttpResponse) partial = get (&server, &plain_options, &receiver, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (partial->status, ==, 206);
  g_assert_cmpstr (received.body->str, ==, "cd");
  g_assert_cmpuint (g_bytes_get_size (partial->body), ==, 0);

  received.status = 0; /* a failed response does not reach the receiver */
  g_autoptr (OciHttpResponse) missing = get (&server, &plain_options, &receiver, &error);
  g_assert_cmpuint (missing->status, ==, 404);
  g_assert_cmpuint (received.status, ==, 0);
  g_assert_cmpuint (g_bytes_get_size (missing->body), ==, 4);

  g_autoptr (OciHttpResponse) empty = get (&server, &plain_options, &receiver, &error);
  g_assert_cmpuint (empty->status, ==, 200);
  g_assert_cmpuint (received.status, ==, 200);
  server_stop (&server);
  g_string_free (received.body, TRUE);
}

static gboolean
refuse (G_GNUC_UNUSED gpointer data, G_GNUC_UNUSED const OciHttpResponse *response, GError **error)
{
  return oci_throw (error, OCI_ERROR_CORRUPT, "not this one");
}

static void
test_receiver_refuses (void)
{
  static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
                                         "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL };
  Server server = { 0 };
  const OciHttpReceiver receiver = { .begin = refuse, .write = take, .data = NULL };
  server_start (&server, answers);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (get (&server, &plain_options, &receiver, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "127.0.0.1: not this one");
    }
  server_stop (&server);
}

static void
test_cut_body (void)
{
  static const char *const answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nab", "",
                                         NULL };
  Server server = { 0 };
  server_start (&server, answers);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (get (&server, &plain_options, NULL, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_NETWORK, "127.0.0.1: *");
    }
  server_stop (&server);
}

/* libcurl takes both for answers without a body. */
static void
test_cut_headers (void)
{
  static const char *const answers[] = {
    "HTTP/1.1 200 OK\r\nContent-Le",
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n",
    "HTTP/1.1 200 OK\r\n\r\n", /* complete: its body ends with the connection */
    NULL,
  };
  Server server = { 0 };
  server_start (&server, answers);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (get (&server, &plain_options, NULL, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_NETWORK, "127.0.0.1: *within the headers*");
    }
  g_autoptr (OciHttpResponse) whole = get (&server, &plain_options, NULL, NULL);
  g_assert_nonnull (whole);
  server_stop (&server);
}

static void
test_silence (void)
{
  const OciHttpOptions options = { .user_agent = "test/1", .stall_seconds = 1 };
  g_autofree char *answer = g_strconcat ("HTTP/1.1 200 OK\r\n\r\n", NULL);
  const char *const answers[] = { answer, NULL };
  g_autoptr (GError) error = NULL;
  Server server = { .silent_msecs = 2500 };
  server_start (&server, answers);
  g_assert_null (get (&server, &options, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_TIMEOUT, "127.0.0.1: no answer in time: *");
  server_stop (&server);
}

/* "ok" by gzip(1), served to a client that asked for none. */
static void
test_compressed (void)
{
  static const guint8 gzip[] = { 0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb,
                                 0xcf, 0x06, 0x00, 0x47, 0xdd, 0xdc, 0x79, 0x02, 0x00, 0x00, 0x00 };
  static const char head[] =
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 22\r\n\r\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) answer = g_byte_array_new ();
  g_byte_array_append (answer, (const guint8 *) head, (guint) strlen (head));
  g_byte_array_append (answer, gzip, sizeof gzip);
  const char *const answers[] = { (const char *) answer->data, (const char *) answer->data, NULL };
  Received received = { .body = g_string_new (NULL) };
  const OciHttpReceiver receiver = { .begin = begin, .write = take, .data = &received };
  Server server = { .answer_size = answer->len };
  server_start (&server, answers);
  g_autoptr (OciHttpResponse) response = get (&server, &plain_options, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) ok = g_bytes_new_static ("ok", 2);
  g_assert_true (g_bytes_equal (response->body, ok));
  g_assert_nonnull (strstr (server.requests->str, "Accept-Encoding: identity\r\n"));
  /* A blob's digest is that of the bytes as they come. */
  g_autoptr (OciHttpResponse) blob = get (&server, &plain_options, &receiver, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (received.body->len, ==, sizeof gzip);
  g_assert_cmpint (memcmp (received.body->str, gzip, sizeof gzip), ==, 0);
  server_stop (&server);
  g_string_free (received.body, TRUE);
}

/* A byte now and then is neither silence nor progress. */
static void
test_drip (void)
{
  g_autofree char *body = g_strnfill (2000, 'x');
  g_autofree char *answer =
      g_strconcat ("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", body, NULL);
  const char *const answers[] = { answer, NULL };
  const OciHttpOptions options = { .user_agent = "test/1", .stall_seconds = 1 };
  g_autoptr (GError) error = NULL;
  Server server = { .drip_msecs = 20 };
  server_start (&server, answers);
  g_assert_null (get (&server, &options, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NETWORK, "127.0.0.1: no answer in time: *");
  server_stop (&server);
}

static void
test_time_limit (void)
{
  g_autofree char *body = g_strnfill (2000, 'x');
  g_autofree char *answer =
      g_strconcat ("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", body, NULL);
  const char *const answers[] = { answer, NULL };
  const OciHttpOptions options = { .user_agent = "test/1", .timeout_ms = 1000 };
  g_autoptr (GError) error = NULL;
  Server server = { .drip_msecs = 20 };
  server_start (&server, answers);
  g_assert_null (get (&server, &options, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT,
                "*not finished within the 1 s of --registry-timeout");
  server_stop (&server);
}

/* Time between requests is not the registry's fault. */
static void
test_clock_stands_still (void)
{
  const OciHttpOptions options = { .user_agent = "test/1", .timeout_ms = 1000 };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&options);
  oci_http_client_pause (client);
  g_usleep (1200 * 1000);
  oci_http_client_resume (client);
  g_assert_cmpint (oci_http_client_time_left (client), >, 500);
  g_usleep (1100 * 1000);
  g_assert_cmpint (oci_http_client_time_left (client), ==, 0);
}

/* Another port is another origin, and gets no credentials. */
static void
test_redirect_drops_credentials (void)
{
  static const char *const other_answers[] = { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                                               NULL };
  g_autoptr (GError) error = NULL;
  Server server = { 0 }, other = { 0 };
  server_start (&other, other_answers);
  g_autofree char *redirect = g_strdup_printf (
      "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:%u/y?sig=1\r\nContent-Length: 0\r\n\r\n",
      other.port);
  const char *const answers[] = { redirect, NULL };
  server_start (&server, answers);
  g_autoptr (OciHttpResponse) response = get (&server, &plain_options, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 200);
  g_assert_nonnull (strstr (server.requests->str, "Authorization: Basic secret\r\n"));
  g_assert_nonnull (strstr (other.requests->str, "GET /y?sig=1 HTTP/1.1\r\n"));
  g_assert_null (strstr (other.requests->str, "Authorization"));
  server_stop (&server);
  server_stop (&other);
}

static void
test_redirect_that_is_not_followed (void)
{
  static const char *const answers[] = {
    "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", NULL
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (OciHttpClient) client = oci_http_client_new (&plain_options);
  Server server = { 0 };
  server_start (&server, answers);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", server.port);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.no_redirects = TRUE;
  g_autoptr (OciHttpResponse) response = oci_http_client_send (client, &request, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (response->status, ==, 307);
  server_stop (&server);
}

/* Sends "body" by @method to a server that answers with @status and another server's address. */
static OciHttpResponse *
send_redirected (const char *method, unsigned status, gboolean secret, Server *other,
                 GString *first, GError **error)
{
  g_autoptr (OciHttpClient) client = oci_http_client_new (&plain_options);
  g_autofree char *redirect = g_strdup_printf (
      "HTTP/1.1 %u Go\r\nLocation: http://127.0.0.1:%u/y\r\nContent-Length: 0\r\n\r\n", status,
      other->port);
  const char *const answers[] = { redirect, NULL };
  Server server = { .body_bytes = 4 };
  server_start (&server, answers);
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/x", server.port);
  g_autoptr (GBytes) body = g_bytes_new_static ("body", 4);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT (method, url);
  request.body = body;
  request.authorization = "Basic secret";
  request.secret_body = secret;
  OciHttpResponse *response = oci_http_client_send (client, &request, NULL, error);
  g_string_append (first, server.requests->str);
  server_stop (&server);
  return response;
}

/* RFC 9110 sections 15.4.8 and 15.4.9. */
static void
test_redirected_body (void)
{
  static const char *const methods[] = { "POST", "PUT" };
  static const unsigned statuses[] = { 307, 308 };
  for (int i = 0; i < 4; i++)
    {
      static const char *const answers[] = { "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
                                             NULL };
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) first = g_string_new (NULL);
      Server other = { .body_bytes = 4 };
      server_start (&other, answers);
      g_autoptr (OciHttpResponse) response =
          send_redirected (methods[i / 2], statuses[i % 2], FALSE, &other, first, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (response->status, ==, 201);
      g_autofree char *line = g_strconcat (methods[i / 2], " /y HTTP/1.1\r\n", NULL);
      g_assert_true (g_str_has_prefix (other.requests->str, line));
      g_assert_true (g_str_has_suffix (other.requests->str, "\r\n\r\nbody"));
      g_assert_nonnull (strstr (first->str, "Authorization: Basic secret\r\n"));
      g_assert_null (strstr (other.requests->str, "Authorization"));
      server_stop (&other);
    }
}

/* 303 means a GET, which was not asked for; a secret in the body stays with its origin. */
static void
test_redirected_body_stays (void)
{
  static const struct
  {
    unsigned status;
    gboolean secret;
  } rows[] = { { 301, FALSE }, { 302, FALSE }, { 303, FALSE }, { 307, TRUE }, { 308, TRUE } };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GString) first = g_string_new (NULL);
      Server other = { .port = 1 }; /* where nothing listens */
      g_autoptr (OciHttpResponse) response =
          send_redirected ("POST", rows[i].status, rows[i].secret, &other, first, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (response->status, ==, rows[i].status);
    }
}

static void
test_plain_http (void)
{
  g_autoptr (OciHttpClient) client = oci_http_client_new (&plain_options);
  g_autoptr (GError) error = NULL;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", "http://192.0.2.1/v2/");
  g_assert_null (oci_http_client_send (client, &request, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_DENIED, "192.0.2.1: plain HTTP is only used with*");
}

static void
test_header_injection (void)
{
  static const char *const headers[] = { "X: a\r\nY: b", NULL };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&plain_options);
  g_autoptr (GError) error = NULL;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", "http://127.0.0.1:1/");
  request.headers = headers;
  g_assert_null (oci_http_client_send (client, &request, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*header X has a control character*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  curl_global_init (CURL_GLOBAL_DEFAULT);
  g_test_add_func ("/http/receiver", test_receiver);
  g_test_add_func ("/http/receiver-refuses", test_receiver_refuses);
  g_test_add_func ("/http/cut-body", test_cut_body);
  g_test_add_func ("/http/cut-headers", test_cut_headers);
  g_test_add_func ("/http/silence", test_silence);
  g_test_add_func ("/http/compressed", test_compressed);
  g_test_add_func ("/http/drip", test_drip);
  g_test_add_func ("/http/time-limit", test_time_limit);
  g_test_add_func ("/http/clock-stands-still", test_clock_stands_still);
  g_test_add_func ("/http/redirect-drops-credentials", test_redirect_drops_credentials);
  g_test_add_func ("/http/redirect-that-is-not-followed", test_redirect_that_is_not_followed);
  g_test_add_func ("/http/redirected-body", test_redirected_body);
  g_test_add_func ("/http/redirected-body-stays", test_redirected_body_stays);
  g_test_add_func ("/http/plain-http", test_plain_http);
  g_test_add_func ("/http/header-injection", test_header_injection);
  int failed = g_test_run ();
  curl_global_cleanup ();
  return failed;
}
