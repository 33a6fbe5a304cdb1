#include "oci/gzip-writer.h"

#include "oci/base/error.h"

#include "testing.h"

#include <zlib.h>

enum
{
  MIB = 1024 * 1024,
};

static gboolean
append (gpointer data, const void *bytes, size_t len, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

/* Writes @data in pieces of @piece bytes. */
static GByteArray *
compress_with (unsigned jobs, const guint8 *data, gsize len, gsize piece)
{
  g_autoptr (GError) error = NULL;
  GByteArray *out = g_byte_array_new ();
  g_autoptr (OciGzipWriter) writer = oci_gzip_writer_new (jobs, append, out);
  for (gsize at = 0; at < len; at += piece)
    g_assert_true (oci_gzip_writer_write (writer, data + at, MIN (piece, len - at), &error));
  g_assert_true (oci_gzip_writer_finish (writer, &error));
  g_assert_no_error (error);
  return out;
}

/* zlib takes it as exactly one member (RFC 1952) whose content is @data. */
static void
assert_inflates (const GByteArray *gzip, const guint8 *data, gsize len)
{
  g_autofree guint8 *out = g_malloc (len + 1);
  z_stream z = {
    .next_in = gzip->data, .avail_in = gzip->len, .next_out = out, .avail_out = (uInt) len + 1
  };
  g_assert_cmpint (inflateInit2 (&z, 16 + MAX_WBITS), ==, Z_OK); /* gzip only, checks the CRC */
  g_assert_cmpint (inflate (&z, Z_FINISH), ==, Z_STREAM_END);
  g_assert_cmpuint (z.avail_in, ==, 0);
  g_assert_cmpuint (z.total_out, ==, len);
  g_assert_cmpint (inflateEnd (&z), ==, Z_OK);
  g_assert_true (len == 0 || memcmp (out, data, len) == 0);
}

typedef enum
{
  ZEROS,
  RANDOM,
  TEXT,
} Content;

static guint8 *
make_content (Content content, gsize len)
{
  guint8 *data = g_malloc0 (len + 1);
  if (content == RANDOM)
    test_fill_random (data, len, 1);
  for (gsize i = 0; content == TEXT && i < len; i++)
    data[i] = (guint8) ("the quick brown fox "[(i * i / 7 + i) % 20]);
  return data;
}

/* Same bytes for every number of threads and size of writes, and zlib reads them. */
static void
test_round_trip (void)
{
  static const gsize sizes[] = { 0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB + 12345 };
  static const unsigned jobs[] = { 1, 2, 4 };
  static const gsize pieces[] = { 10000, 5 * MIB };
  for (Content content = ZEROS; content <= TEXT; content++)
    for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        g_autofree guint8 *data = make_content (content, sizes[s]);
        g_autoptr (GByteArray) first = compress_with (1, data, sizes[s], 10 * MIB);
        assert_inflates (first, data, sizes[s]);
        for (gsize j = 0; j < G_N_ELEMENTS (jobs); j++)
          for (gsize p = 0; p < G_N_ELEMENTS (pieces); p++)
            {
              g_autoptr (GByteArray) other = compress_with (jobs[j], data, sizes[s], pieces[p]);
              g_assert_cmpuint (other->len, ==, first->len);
              g_assert_true (memcmp (other->data, first->data, first->len) == 0);
            }
      }
}

/* One byte a write, around a block's end. */
static void
test_single_bytes (void)
{
  g_autofree guint8 *data = make_content (TEXT, MIB + 3);
  g_autoptr (GByteArray) whole = compress_with (1, data, MIB + 3, 10 * MIB);
  g_autoptr (GByteArray) bytes = compress_with (4, data, MIB + 3, 1);
  g_assert_cmpuint (whole->len, ==, bytes->len);
  g_assert_true (memcmp (whole->data, bytes->data, whole->len) == 0);
}

/* RFC 1952 2.3: no name, no time, nothing of this machine; and the trailer is CRC32 and ISIZE. */
static void
test_format (void)
{
  static const guint8 header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
  g_autofree guint8 *data = make_content (TEXT, 1000);
  g_autoptr (GByteArray) gzip = compress_with (1, data, 1000, 1000);
  assert_bytes (gzip->data, sizeof header, header, sizeof header);
  guint32 crc, size;
  memcpy (&crc, gzip->data + gzip->len - 8, 4);
  memcpy (&size, gzip->data + gzip->len - 4, 4);
  g_assert_cmpuint (GUINT32_FROM_LE (crc), ==, crc32 (0, data, 1000));
  g_assert_cmpuint (GUINT32_FROM_LE (size), ==, 1000);

  /* Incompressible data grows by little: 5 bytes a stored block of at most 65535, and the ends. */
  g_autofree guint8 *noise = make_content (RANDOM, 4 * MIB);
  g_autoptr (GByteArray) stored = compress_with (2, noise, 4 * MIB, MIB);
  g_assert_cmpuint (stored->len, <, 4 * MIB + 4 * MIB / 1000);
}

/* An independent program reads it and finds nothing after it. */
static void
test_gzip_program (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree guint8 *data = make_content (TEXT, 2 * MIB + 9);
  g_autoptr (GByteArray) gzip = compress_with (4, data, 2 * MIB + 9, 12345);
  g_autofree char *path = test_dir_write (&dir, "x.gz", gzip->data, gzip->len);
  const char *const argv[] = { "gzip", "--test", "--verbose", path, NULL };
  gboolean success = FALSE;
  g_autofree char *output = test_run_tool (argv, &success);
  g_assert_true (output == NULL || success);
  g_assert_true (output == NULL || strstr (output, "trailing") == NULL);
}

typedef struct
{
  int calls_left;
} Failing;

static gboolean
fail_later (gpointer data, G_GNUC_UNUSED const void *bytes, G_GNUC_UNUSED size_t len,
            GError **error)
{
  Failing *self = data;
  return self->calls_left-- > 0 || oci_throw (error, OCI_ERROR_IO, "sink is full");
}

/* A sink that fails at whatever moment ends the writing, and freeing waits for the threads. */
static void
test_failing_sink (void)
{
  g_autofree guint8 *data = make_content (RANDOM, 8 * MIB);
  for (int calls = 0; calls < 9; calls++)
    {
      Failing failing = { .calls_left = calls };
      g_autoptr (GError) error = NULL;
      g_autoptr (OciGzipWriter) writer = oci_gzip_writer_new (2, fail_later, &failing);
      gboolean ok = oci_gzip_writer_write (writer, data, 8 * MIB, &error)
                    && oci_gzip_writer_finish (writer, &error);
      g_assert_false (ok);
      assert_error (error, OCI_ERROR, OCI_ERROR_IO, "sink is full");
    }
}

static void
test_identity (void)
{
  g_autofree char *identity = oci_gzip_writer_identity ();
  g_assert_true (g_pattern_match_simple ("libdeflate-?.*/text-2/binary-1/1048576", identity));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/gzip/round-trip", test_round_trip);
  g_test_add_func ("/gzip/single-bytes", test_single_bytes);
  g_test_add_func ("/gzip/format", test_format);
  g_test_add_func ("/gzip/gzip-program", test_gzip_program);
  g_test_add_func ("/gzip/failing-sink", test_failing_sink);
  g_test_add_func ("/gzip/identity", test_identity);
  return g_test_run ();
}
