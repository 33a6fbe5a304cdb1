/* Answers of web servers, whose bodies end in one of three ways (RFC 9112, 6.3), over a socket that
 * is made here. */
#include "oci/http/ask.h"

#include "oci/base/error.h"

#include "testing.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"

enum
{
  PATIENCE_USECS = 60 * 1000 * 1000,
};

/* Answers one request with these bytes, and closes. */
typedef struct
{
  int listener;
  unsigned port;
  const char *bytes;
  char *request;
  GThread *thread;
} Server;

/* Up to the end of its headers and a body of the announced length. */
static gboolean
is_whole (const GString *request)
{
  const char *end = strstr (request->str, "\r\n\r\n");
  const char *length = strstr (request->str, "Content-Length: ");
  size_t body = length != NULL ? (size_t) g_ascii_strtoull (length + 16, NULL, 10) : 0;
  return end != NULL && strlen (end + 4) >= body;
}

static gpointer
serve (gpointer data)
{
  Server *self = data;
  g_autoptr (GString) request = g_string_new (NULL);
  char buffer[1024];
  int fd = accept (self->listener, NULL, NULL);
  while (!is_whole (request))
    {
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n <= 0)
        break;
      g_string_append_len (request, buffer, n);
    }
  (void) !write (fd, self->bytes, strlen (self->bytes));
  (void) shutdown (fd, SHUT_WR);
  while (read (fd, buffer, sizeof buffer) > 0)
    ;
  (void) close (fd);
  self->request = g_strdup (request->str);
  return NULL;
}

static void
server_start (Server *self, const char *bytes)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t len = sizeof address;
  *self = (Server){ .listener = socket (AF_INET, SOCK_STREAM, 0), .bytes = bytes };
  g_assert_cmpint (bind (self->listener, (const struct sockaddr *) &address, sizeof address), ==,
                   0);
  g_assert_cmpint (listen (self->listener, 1), ==, 0);
  g_assert_cmpint (getsockname (self->listener, (struct sockaddr *) &address, &len), ==, 0);
  self->port = ntohs (address.sin_port);
  if (bytes != NULL)
    self->thread = g_thread_new ("server", serve, self);
}

static void
server_end (Server *self)
{
  if (self->thread != NULL)
    (void) g_thread_join (self->thread);
  (void) close (self->listener);
  g_free (self->request);
}

static gboolean
ask (const Server *server, const char *method, const char *body, OciHttpAnswer *out_answer,
     GError **error)
{
  const OciHttpQuestion question = { .socket = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                     .port = server->port,
                                     .method = method,
                                     .path = "/a/../b?c=%20",
                                     .body = body,
                                     .deadline = g_get_monotonic_time () + PATIENCE_USECS };
  return oci_http_ask (&question, out_answer, error);
}

typedef struct
{
  const char *method, *bytes, *body;
  unsigned status;
} Row;

static const Row rows[] = {
  { "GET", OK "Content-Length: 2\r\n\r\nok", "ok", 200 },
  { "GET", OK "\r\nuntil the end", "until the end", 200 },
  { "GET", "HTTP/1.0 404 Not Found\r\n\r\n", "", 404 },
  { "GET", "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", "", 302 },
  { "GET", "HTTP/1.1 204 No Content\r\n\r\n", "", 204 },
  { "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", 304 },
  { "HEAD", OK "Content-Length: 9\r\n\r\n", "", 200 },
  /* RFC 9110, 15.2: a client must be able to parse one or more 1xx responses before the final
   * one. */
  { "GET", "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "x", 200 },
  { "GET", CHUNKS "4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", "Wikipedia", 200 },
  { "GET", CHUNKS "a;name=\"value\"\r\n0123456789\r\n0;last\r\nX: y\r\nZ: z\r\n\r\n", "0123456789",
    200 },
  { "GET", OK "transfer-encoding: Chunked\r\nContent-Length: 99\r\n\r\n0\r\n\r\n", "", 200 },
};

static void
test_answers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (OciHttpAnswer) answer = { 0 };
      g_autoptr (GError) error = NULL;
      Server server;
      server_start (&server, rows[i].bytes);
      (void) ask (&server, rows[i].method, NULL, &answer, &error);
      server_end (&server);
      g_assert_no_error (error);
      g_assert_cmpuint (answer.status, ==, rows[i].status);
      g_autoptr (GBytes) want = g_bytes_new_static (rows[i].body, strlen (rows[i].body));
      g_assert_true (g_bytes_equal (answer.body, want));
    }
}

static void
test_broken (void)
{
  static const struct
  {
    const char *bytes;
    OciError code;
  } answers[] = {
    { "SSH-2.0-OpenSSH\r\n\r\n", OCI_ERROR_FORMAT },
    { "", OCI_ERROR_FORMAT },
    { "HTTP/1.1 100 Continue\r\n\r\n", OCI_ERROR_FORMAT },
    { OK "Content-Length: 3\r\n\r\nok", OCI_ERROR_FORMAT },
    { OK "Content-Length: 16777217\r\n\r\n", OCI_ERROR_LIMIT },
    { CHUNKS "x\r\n", OCI_ERROR_NETWORK },
    { CHUNKS "ffffffffffffffff1\r\n", OCI_ERROR_NETWORK },
    { CHUNKS "1\r\nx\r\n", OCI_ERROR_FORMAT },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_auto (OciHttpAnswer) answer = { 0 };
      g_autoptr (GError) error = NULL;
      Server server;
      server_start (&server, answers[i].bytes);
      gboolean ok = ask (&server, "GET", NULL, &answer, &error);
      server_end (&server);
      g_test_message ("%" G_GSIZE_FORMAT ": %s", i, error != NULL ? error->message : "success");
      g_assert_false (ok);
      assert_error (error, OCI_ERROR, (int) answers[i].code, "*");
    }
}

/* Without an end that is announced. */
static void
test_too_large (void)
{
  g_auto (OciHttpAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) bytes = g_string_new (OK "\r\n");
  Server server;
  g_autofree char *filler = g_strnfill (OCI_HTTP_ASK_MAX_BYTES + 1, 'x');
  g_string_append (bytes, filler);
  server_start (&server, bytes->str);
  g_assert_false (ask (&server, "GET", NULL, &answer, &error));
  server_end (&server);
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "an answer of more than 16777216 bytes");
}

static void
test_request (void)
{
  static const char *const bodies[][2] = { { "{\"a\": 1}", "application/json" },
                                           { "text", "text/plain; charset=utf-8" } };
  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_auto (OciHttpAnswer) answer = { 0 };
      g_autoptr (GError) error = NULL;
      Server server;
      server_start (&server, OK "Content-Length: 0\r\n\r\n");
      (void) ask (&server, "PUT", bodies[i][0], &answer, &error);
      (void) g_thread_join (g_steal_pointer (&server.thread));
      g_assert_no_error (error);
      g_autofree char *type = g_strdup_printf ("\r\nContent-Type: %s\r\n", bodies[i][1]);
      g_assert_true (g_str_has_prefix (server.request, "PUT /a/../b?c=%20 HTTP/1.1\r\n"));
      g_assert_nonnull (strstr (server.request, "\r\nHost: localhost\r\n"));
      g_assert_nonnull (strstr (server.request, type));
      g_assert_true (g_str_has_suffix (server.request, bodies[i][0]));
      server_end (&server);
    }
}

static void
test_nothing_listens (void)
{
  g_auto (OciHttpAnswer) answer = { 0 };
  g_autoptr (GError) error = NULL;
  Server server;
  server_start (&server, NULL);
  server_end (&server);
  g_assert_false (ask (&server, "GET", NULL, &answer, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNREACHABLE, "nothing listens there: *");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  (void) signal (SIGPIPE, SIG_IGN);
  (void) curl_global_init (CURL_GLOBAL_DEFAULT);
  g_test_add_func ("/http-ask/answers", test_answers);
  g_test_add_func ("/http-ask/broken", test_broken);
  g_test_add_func ("/http-ask/too-large", test_too_large);
  g_test_add_func ("/http-ask/request", test_request);
  g_test_add_func ("/http-ask/nothing-listens", test_nothing_listens);
  return g_test_run ();
}
