/* An index in this process that says exactly what a test wants, and a directory of wheels. */
#include "testing.h"

#include "builder/python/index.h"

#include <curl/curl.h>

/* Answers each connection in turn with the next of its texts, whatever is asked, and closes it. */
typedef struct
{
  GSocketListener *listener;
  guint16 port;
  GThread *thread;
  const char *const *answers; /* NULL-terminated */
  GString *requests;          /* everything that arrived */
} Server;

static gpointer
serve (gpointer data)
{
  Server *self = data;
  for (const char *const *answer = self->answers; *answer != NULL; answer++)
    {
      char byte;
      g_autoptr (GSocketConnection) connection =
          g_socket_listener_accept (self->listener, NULL, NULL, NULL);
      GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
      GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (connection));
      while (!g_str_has_suffix (self->requests->str, "\r\n\r\n")
             && g_input_stream_read (input, &byte, 1, NULL, NULL) == 1)
        g_string_append_c (self->requests, byte);
      g_string_append (self->requests, "--");
      (void) g_output_stream_write_all (output, *answer, strlen (*answer), NULL, NULL, NULL);
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

static gboolean
fetch (const Server *server, const char *userinfo, GPtrArray **out_files, GError **error)
{
  const OciHttpOptions options = { .user_agent = "test/1" };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&options);
  g_autofree char *url = g_strdup_printf ("http://%s127.0.0.1:%u/simple/", userinfo, server->port);
  TerraneIndexRequest request = { 0 };
  return terrane_index_fetch (client, url, "a-b", &request, NULL, out_files, error);
}

static void
test_fetch (void)
{
  static const char *const answers[] = {
    "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n"
    "<a href=\"a_b-1.whl\">x</a",
    NULL,
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL;
  Server server = { 0 };
  server_start (&server, answers);
  g_assert_true (fetch (&server, "me:p%40ss@", &files, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 1);
  const TerraneIndexFile *file = files->pdata[0];
  g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/simple/a-b/a_b-1.whl", server.port);
  g_assert_cmpstr (file->url, ==, url);
  g_assert_true (g_str_has_prefix (server.requests->str, "GET /simple/a-b/ HTTP/1.1\r\n"));
  g_assert_nonnull (strstr (server.requests->str, "Accept: application/vnd.pypi.simple.v1+json, "));
  g_assert_nonnull (strstr (server.requests->str,
                            "Authorization: Basic bWU6cEBzcw==\r\n")); /* printf me:p@ss | base64 */
  server_stop (&server);
}

static void
test_refusals (void)
{
  static const struct
  {
    const char *userinfo, *answer, *pattern;
    OciError code;
  } rows[] = {
    { "", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
      "the index has no such project (HTTP 404)", OCI_ERROR_NOT_FOUND },
    { "", "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
      "the index wants a login (HTTP 401); put the user and password in its URL, *",
      OCI_ERROR_DENIED },
    { "me:s3cret@", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
      "the index refuses the user and password (HTTP 403)", OCI_ERROR_DENIED },
    { "", "HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n",
      "unexpected answer of the index (HTTP 418)", OCI_ERROR_DENIED },
    { "", "HTTP/1.1 501 No\r\nContent-Length: 0\r\n\r\n",
      "unexpected answer of the index (HTTP 501); try again later", OCI_ERROR_NETWORK },
    { "", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nLogin",
      "the index answered with a web page that lists no files; *", OCI_ERROR_FORMAT },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *const answers[] = { rows[i].answer, NULL };
      g_autoptr (GError) error = NULL;
      GPtrArray *files = NULL;
      Server server = { 0 };
      server_start (&server, answers);
      g_assert_false (fetch (&server, rows[i].userinfo, &files, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
      g_assert_null (strstr (error->message, "s3cret"));
      g_assert_null (files);
      server_stop (&server);
    }
}

static void
test_directory (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL;
  g_autofree char *b = test_dir_write (&dir, "b-1-py3-none-any.whl", "12345", 5);
  g_autofree char *a = test_dir_write (&dir, "a-1-py3-none-any.whl", "", 0);
  g_autofree char *other = test_dir_write (&dir, "a-1.tar.gz", "", 0);
  g_autofree char *below = test_dir_write (&dir, "dir.whl/c.whl", "", 0);
  g_assert_true (terrane_index_list_directory (dir.path, &files, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 2);
  const TerraneIndexFile *first = files->pdata[0], *second = files->pdata[1];
  g_assert_cmpstr (first->url, ==, a);
  g_assert_cmpstr (second->file_name, ==, "b-1-py3-none-any.whl");
  g_assert_cmpuint (second->size, ==, 5);
  g_assert_false (second->has_sha256);

  GPtrArray *none = NULL;
  g_autofree char *missing = test_dir_file (&dir, "missing");
  g_assert_false (terrane_index_list_directory (missing, &none, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "the directory of wheels cannot be read: *missing’: *");
}

/* Where others can be asked a busy server is asked once, and a silent one not for long. */
static void
test_hasty (void)
{
  static const char *const rows[][2] = {
    { "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n",
      "unexpected answer of the index (HTTP 503); try again later" },
    { "", "127.0.0.1: *" },
    { "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 24\r\n\r\n<a",
      "127.0.0.1: *" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *const answers[] = { rows[i][0], NULL }; /* another request would wait for ever */
      const OciHttpOptions options = { .user_agent = "test/1" };
      g_autoptr (OciHttpClient) client = oci_http_client_new (&options);
      g_autoptr (GError) error = NULL;
      GPtrArray *files = NULL;
      Server server = { 0 };
      TerraneIndexRequest request = { .hasty = TRUE };
      server_start (&server, answers);
      g_autofree char *url = g_strdup_printf ("http://127.0.0.1:%u/simple/", server.port);
      g_assert_false (terrane_index_fetch (client, url, "a", &request, NULL, &files, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_NETWORK, rows[i][1]);
      g_assert_cmpuint (request.status, ==, i == 0 ? 503 : 0);
      server_stop (&server);
    }
}

/* A tree of directories is an index. */
static void
test_local (void)
{
  static const char page[] =
      "<a href='../a-1-py3-none-any.whl#sha256="
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'>a</a>"
      "<a href='https://h.org/a-2-py3-none-any.whl'>b</a>"
      "<a href='file://other/etc/a-3-py3-none-any.whl'>c</a>";
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) files = NULL, listed = NULL;
  g_autofree char *a = test_dir_write (&dir, "with space/a/index.html", page, strlen (page));
  g_autofree char *b = test_dir_write (&dir, "with space/b/b-1-py3-none-any.whl", "", 0);
  g_autofree char *root = test_dir_file (&dir, "with space");
  g_autofree char *url = g_filename_to_uri (root, NULL, NULL);
  g_autofree char *expected = test_dir_file (&dir, "with space/a-1-py3-none-any.whl");
  g_assert_true (terrane_index_is_local (url));
  g_assert_true (terrane_index_read (url, "a", &files, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 2);
  const TerraneIndexFile *first = files->pdata[0], *second = files->pdata[1];
  g_assert_true (first->local);
  g_assert_cmpstr (first->url, ==, expected);
  g_assert_false (second->local);
  g_assert_cmpstr (second->url, ==, "https://h.org/a-2-py3-none-any.whl");

  g_assert_true (
      terrane_index_read (url, "b", &listed, &error)); /* without a page: what is there */
  g_assert_no_error (error);
  g_assert_cmpstr (((TerraneIndexFile *) listed->pdata[0])->url, ==, b);

  GPtrArray *none = NULL;
  g_assert_false (terrane_index_read (url, "c", &none, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the index has no such project");
  g_clear_error (&error);
  g_assert_false (terrane_index_read ("file://other/simple", "a", &none, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "expected a URL as file:///absolute/path, *");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  (void) curl_global_init (CURL_GLOBAL_DEFAULT);
  g_test_add_func ("/index/fetch", test_fetch);
  g_test_add_func ("/index/refusals", test_refusals);
  g_test_add_func ("/index/directory", test_directory);
  g_test_add_func ("/index/hasty", test_hasty);
  g_test_add_func ("/index/local", test_local);
  return g_test_run ();
}
