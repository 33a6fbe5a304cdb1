/* Pages that come compressed, made by zlib itself. */
#include "testing.h"

#include "builder/python/index-encoding.h"

#include <zlib.h>

#define PAGE "<a href='a.whl'>a</a>"

enum
{
  GZIP_WINDOW = 15 + 16, /* zlib's names for its formats: deflateInit2() */
  ZLIB_WINDOW = 15,
  RAW_WINDOW = -15,
};

static GBytes *
compress_as (int window, const void *text, gsize size)
{
  z_stream stream = { 0 };
  g_assert_cmpint (deflateInit2 (&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  gsize bound = deflateBound (&stream, size);
  guint8 *out = g_malloc (bound);
  stream.next_in = (Bytef *) text;
  stream.avail_in = (uInt) size;
  stream.next_out = out;
  stream.avail_out = (uInt) bound;
  g_assert_cmpint (deflate (&stream, Z_FINISH), ==, Z_STREAM_END);
  gsize length = bound - stream.avail_out;
  (void) deflateEnd (&stream);
  return g_bytes_new_take (out, length);
}

static void
test_good (void)
{
  static const struct
  {
    const char *encoding;
    int window; /* 0: the page as it is */
  } rows[] = {
    { NULL, 0 },
    { "identity", 0 },
    { "", 0 },
    { "gzip", 0 },
    { "br", 0 },
    { "gzip", GZIP_WINDOW },
    { "X-GZip", GZIP_WINDOW },
    { NULL, GZIP_WINDOW },
    { "identity", GZIP_WINDOW },
    { "deflate", ZLIB_WINDOW },
    { "deflate", RAW_WINDOW },
    { " identity , deflate ", ZLIB_WINDOW },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) data = rows[i].window != 0
                                    ? compress_as (rows[i].window, PAGE, strlen (PAGE))
                                    : g_bytes_new_static (PAGE, strlen (PAGE));
      g_autoptr (GBytes) page = terrane_index_decode (rows[i].encoding, data, 1000, &error);
      g_assert_no_error (error);
      g_autoptr (GBytes) expected = g_bytes_new_static (PAGE, strlen (PAGE));
      g_assert_true (g_bytes_equal (page, expected));
    }
}

static void
assert_refused (const char *encoding, GBytes *data, OciError code, const char *pattern)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (terrane_index_decode (encoding, data, 1000, &error));
  assert_error (error, OCI_ERROR, code, pattern);
}

static void
test_bad (void)
{
  static const guint8 zeros[100000] = { 0 };
  g_autoptr (GBytes) bomb = compress_as (GZIP_WINDOW, zeros, sizeof zeros);
  g_autoptr (GBytes) zlib_bomb = compress_as (ZLIB_WINDOW, zeros, sizeof zeros);
  g_autoptr (GBytes) exact = compress_as (GZIP_WINDOW, zeros, 1000);
  g_autoptr (GBytes) more = compress_as (GZIP_WINDOW, zeros, 1001);
  g_autoptr (GBytes) whole = compress_as (GZIP_WINDOW, PAGE, strlen (PAGE));
  g_autoptr (GBytes) random = g_bytes_new_static ("\xff\xff\xff", 3);
  assert_refused ("gzip", bomb, OCI_ERROR_LIMIT, "the page has more than 1000 bytes");
  assert_refused ("deflate", zlib_bomb, OCI_ERROR_LIMIT, "the page has more than 1000 bytes");
  assert_refused (NULL, more, OCI_ERROR_LIMIT, "the page has more than 1000 bytes");
  g_autoptr (GBytes) page = terrane_index_decode (NULL, exact, 1000, NULL);
  g_assert_cmpuint (g_bytes_get_size (page), ==, 1000);
  for (gsize size = 3; size < g_bytes_get_size (whole); size++)
    {
      g_autoptr (GBytes) cut = g_bytes_new_from_bytes (whole, 0, size);
      assert_refused ("gzip", cut, OCI_ERROR_FORMAT, "the page is compressed, and cannot be *");
    }
  assert_refused ("br", random, OCI_ERROR_UNSUPPORTED,
                  "the page is compressed as ‘br’, which was not asked for; *");
  assert_refused ("deflate", random, OCI_ERROR_FORMAT, "the page is compressed, and cannot be *");
  assert_refused ("gzip,gzip,gzip,gzip", whole, OCI_ERROR_LIMIT,
                  "the page is compressed 4 times, *");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/index-encoding/good", test_good);
  g_test_add_func ("/index-encoding/bad", test_bad);
  return g_test_run ();
}
