/* Answers of web servers, whose bodies end in one of three ways (RFC 9112, 6.3). */
#include "builder/lambda/http-client.h"

#include "oci/base/error.h"

#include "testing.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"

typedef struct
{
  const char *bytes, *body; /* NULL: more must come */
  unsigned status;
  gboolean ended; /* the connection has to end first */
} Row;

static const Row rows[] = {
  { OK "Content-Length: 2\r\n\r\nok", "ok", 200, FALSE },
  { OK "\r\nuntil the end", "until the end", 200, TRUE },
  { "HTTP/1.0 404 Not Found\r\n\r\n", "", 404, TRUE },
  { "HTTP/1.1 204 No Content\r\n\r\n", "", 204, FALSE },
  { "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", 304, FALSE },
  /* RFC 9110, 15.2: a client must be able to parse one or more 1xx responses before the final one.
   */
  { "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", "x", 200, FALSE },
  { "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" CHUNKS
    "1\r\nx\r\n0\r\n\r\n",
    "x", 200, FALSE },
  { CHUNKS "4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n", "Wikipedia", 200, FALSE },
  { CHUNKS "a;name=\"value\"\r\n0123456789\r\n0;last\r\nX: y\r\nZ: z\r\n\r\n", "0123456789", 200,
    FALSE },
  { CHUNKS "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 200, FALSE },
  { OK "transfer-encoding: Chunked\r\nContent-Length: 99\r\n\r\n0\r\n\r\n", "", 200, FALSE },
};

static TerraneHttpAnswer
parse (const char *bytes, gsize len, gboolean ended, gboolean *out_complete)
{
  TerraneHttpAnswer answer = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_true (terrane_http_answer_parse (bytes, len, ended, out_complete, &answer, &error));
  g_assert_no_error (error);
  return answer;
}

static void
test_answers (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const Row *row = &rows[i];
      gboolean complete = FALSE;
      for (gsize len = 0; len < strlen (row->bytes); len++) /* as it comes, byte by byte */
        {
          g_auto (TerraneHttpAnswer) part = parse (row->bytes, len, FALSE, &complete);
          g_assert_false (complete);
        }
      g_auto (TerraneHttpAnswer) answer =
          parse (row->bytes, strlen (row->bytes), row->ended, &complete);
      g_assert_true (complete);
      g_assert_cmpuint (answer.status, ==, row->status);
      g_assert_cmpuint (g_bytes_get_size (answer.body), ==, strlen (row->body));
      g_assert_true (g_str_equal (row->body, "")
                     || memcmp (g_bytes_get_data (answer.body, NULL), row->body, strlen (row->body))
                            == 0);
    }
}

static void
test_broken (void)
{
  static const char *const answers[][2] = {
    { "SSH-2.0-OpenSSH\r\n\r\n", "no answer in HTTP" },
    { "HTTP/1.1 100 Continue\r\n\r\n", "no answer in HTTP" },
    { OK "Content-Length: 3\r\n\r\nok", "the connection ended 1 bytes too early" },
    { OK "Content-Length: 99999999\r\n\r\n", "Content-Length: ‘99999999’ is no size*" },
    { OK "Transfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding: ‘gzip’ is not chunked" },
    { CHUNKS "\r\n", "a chunk without a size" },
    { CHUNKS "x\r\n", "a chunk without a size" },
    { CHUNKS "-1\r\n", "a chunk without a size" },
    { CHUNKS "1000001\r\n", "a chunk without a size" }, /* more than 16 MiB */
    { CHUNKS "ffffffffffffffff1\r\n", "a chunk without a size" },
    { CHUNKS "1\r\nxy\r\n0\r\n\r\n", "a chunk that is longer than its size" },
    { CHUNKS "1\r\nx\r\n", "the connection ended before the last chunk" },
    { CHUNKS "1\r\nx\r\n0\r\n", "the connection ended before the last chunk" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_auto (TerraneHttpAnswer) answer = { 0 };
      g_autoptr (GError) error = NULL;
      gboolean complete = FALSE;
      g_assert_false (terrane_http_answer_parse (answers[i][0], strlen (answers[i][0]), TRUE,
                                                 &complete, &answer, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, answers[i][1]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/http-answer/answers", test_answers);
  g_test_add_func ("/http-answer/broken", test_broken);
  return g_test_run ();
}
