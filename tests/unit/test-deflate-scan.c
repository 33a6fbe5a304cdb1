/* The positions of the last deflate block, against zlib, which stops at block boundaries when asked
 * with Z_BLOCK (zlib.h, inflate()). */
#include "oci/deflate-scan.h"

#include "testing.h"

#include <libdeflate.h>
#include <zlib.h>

enum
{
  INPUT_BYTES = 700 * 1000, /* several deflate blocks */
  UNUSED_BITS = 7,
  AT_BOUNDARY = 128,
};

static gboolean
scan_with_zlib (const guint8 *stream, gsize size, guint64 *out_last, guint64 *out_end)
{
  g_autofree guint8 *scratch = g_malloc (INPUT_BYTES);
  z_stream z = { .next_in = (guint8 *) stream, .avail_in = (uInt) size };
  g_assert_cmpint (inflateInit2 (&z, -MAX_WBITS), ==, Z_OK);
  guint64 boundary = 0;
  int result;
  do
    {
      z.next_out = scratch;
      z.avail_out = INPUT_BYTES;
      result = inflate (&z, Z_BLOCK);
      if (result == Z_OK && (z.data_type & AT_BOUNDARY) != 0)
        {
          *out_last = boundary;
          boundary = (guint64) z.total_in * 8 - (guint64) (z.data_type & UNUSED_BITS);
        }
    }
  while (result == Z_OK);
  *out_end = boundary;
  g_assert_cmpint (inflateEnd (&z), ==, Z_OK);
  return result == Z_STREAM_END;
}

static void
fill (guint8 *data, gsize len, int kind)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  for (gsize i = 0; i < len; i++)
    {
      guint32 number = g_rand_int (random);
      data[i] = kind == 0   ? (guint8) number
                : kind == 1 ? (guint8) ("etaoin shrdlu\n"[number % 14])
                : kind == 2 ? 0
                : kind == 4 ? (guint8) (number % 128) /* codes of one length: never in step again */
                : kind == 5 ? (guint8) (number % 200)
                            : (guint8) (i % 1000 < 500 ? number : number % 3);
    }
}

static void
test_against_zlib (void)
{
  static const gsize sizes[] = { 0, 1, 20, 5000, 70000, INPUT_BYTES };
  g_autofree guint8 *data = g_malloc (INPUT_BYTES);
  gsize capacity = libdeflate_deflate_compress_bound (NULL, INPUT_BYTES);
  g_autofree guint8 *stream = g_malloc0 (capacity + OCI_DEFLATE_SCAN_SLACK);
  for (int level = 0; level <= 12; level++)
    for (int kind = 0; kind < (level <= 2 ? 6 : 4); kind++)
      for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
        {
          struct libdeflate_compressor *compressor = libdeflate_alloc_compressor (level);
          guint64 last = 0, end = 0, want_last = 0, want_end = 0;
          fill (data, sizes[i], kind);
          gsize size = libdeflate_deflate_compress (compressor, data, sizes[i], stream, capacity);
          g_assert_cmpuint (size, >, 0);
          g_assert_true (scan_with_zlib (stream, size, &want_last, &want_end));
          g_assert_true (oci_deflate_scan (stream, size, &last, &end));
          g_assert_cmpuint (last, ==, want_last);
          g_assert_cmpuint (end, ==, want_end);
          g_assert_cmpuint ((end + 7) / 8, ==, size);
          libdeflate_free_compressor (compressor);
        }
}

static void
test_incomplete_streams (void)
{
  g_autofree guint8 *data = g_malloc (70000);
  gsize capacity = libdeflate_deflate_compress_bound (NULL, 70000);
  g_autofree guint8 *stream = g_malloc0 (capacity + OCI_DEFLATE_SCAN_SLACK);
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor (6);
  guint64 last = 0, end = 0;
  fill (data, 70000, 1);
  gsize size = libdeflate_deflate_compress (compressor, data, 70000, stream, capacity);
  libdeflate_free_compressor (compressor);
  for (gsize cut = 0; cut < size; cut += 97)
    {
      g_autofree guint8 *part = g_malloc0 (cut + OCI_DEFLATE_SCAN_SLACK);
      memcpy (part, stream, cut);
      g_assert_false (oci_deflate_scan (part, cut, &last, &end));
    }
  /* RFC 1951 3.2.3: block type 3 is reserved. */
  static const guint8 reserved[1 + OCI_DEFLATE_SCAN_SLACK] = { 0x07 };
  g_assert_false (oci_deflate_scan (reserved, 1, &last, &end));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/deflate-scan/against-zlib", test_against_zlib);
  g_test_add_func ("/deflate-scan/incomplete-streams", test_incomplete_streams);
  return g_test_run ();
}
