#include "oci/read-ahead.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"
#include "oci/byte-reader.h"

#include "testing.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  PIECE = OCI_READ_AHEAD_PIECE_BYTES,
  FOREVER = 1000 * PIECE,
};

/* A stream whose bytes are those of a counter. */
typedef struct
{
  size_t left;
  size_t fails_after; /* bytes */
  size_t position;
  gint calls; /* atomic */
} Stream;

static uint8_t
byte_at (size_t position)
{
  return (uint8_t) (position * 31 + position / 251);
}

static gboolean
fill (gpointer data, void *buffer, size_t *out_len, GError **error)
{
  Stream *self = data;
  size_t n = MIN (self->left, (size_t) PIECE);
  g_atomic_int_inc (&self->calls);
  if (self->fails_after > 0 && self->position >= self->fails_after)
    return oci_throw (error, OCI_ERROR_IO, "the disk is gone");
  for (size_t i = 0; i < n; i++)
    ((uint8_t *) buffer)[i] = byte_at (self->position + i);
  self->position += n;
  self->left -= n;
  *out_len = n;
  return TRUE;
}

/* Returns: bytes until the end or an error, all of which are the expected ones */
static size_t
read_all (OciReadAhead *reader, GError **error)
{
  size_t position = 0, len = 1;
  const void *bytes = NULL;
  while (len > 0 && oci_read_ahead_next (reader, &bytes, &len, error))
    for (size_t i = 0; i < len; i++, position++)
      g_assert_cmpuint (((const uint8_t *) bytes)[i], ==, byte_at (position));
  return position;
}

static void
test_all_sizes (void)
{
  static const size_t sizes[] = { 0, 1, PIECE - 1, PIECE, PIECE + 1, 20 * PIECE, 20 * PIECE + 5 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      Stream stream = { .left = sizes[i] };
      g_autoptr (OciReadAhead) reader = oci_read_ahead_new (fill, &stream, FALSE);
      g_assert_cmpuint (read_all (reader, &error), ==, sizes[i]);
      g_assert_no_error (error);
      g_assert_cmpuint (read_all (reader, &error), ==, 0); /* the end stays the end */
      g_assert_no_error (error);
      g_assert_cmpint (stream.calls, ==, (gint) (sizes[i] / PIECE) + 1);
    }
}

static void
test_error_comes_after_the_pieces_before_it (void)
{
  Stream stream = { .left = FOREVER, .fails_after = (size_t) 12 * PIECE };
  g_autoptr (OciReadAhead) reader = oci_read_ahead_new (fill, &stream, FALSE);
  for (unsigned i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_cmpuint (read_all (reader, &error), ==, i == 0 ? stream.fails_after : 0);
      g_assert_error (error, OCI_ERROR, OCI_ERROR_IO);
    }
  g_assert_cmpint (stream.calls, ==, 13);
}

static void
test_ends_early (void)
{
  g_autoptr (GError) error = NULL;
  const void *bytes = NULL;
  size_t len = 0;
  Stream stream = { .left = FOREVER };
  OciReadAhead *reader = oci_read_ahead_new (fill, &stream, FALSE);
  g_assert_true (oci_read_ahead_next (reader, &bytes, &len, &error));
  g_assert_cmpuint (len, ==, PIECE);
  g_assert_true (oci_read_ahead_next (reader, &bytes, &len, &error)); /* starts the thread */
  oci_read_ahead_free (reader);
  g_assert_cmpint (stream.calls, <, 20); /* it had not read everything, and nothing runs any more */
  oci_read_ahead_free (oci_read_ahead_new (fill, &stream, FALSE));
}

/* Nothing is read before it is requested. */
static void
test_may_block (void)
{
  g_autoptr (GError) error = NULL;
  const void *bytes = NULL;
  size_t len = 0;
  Stream stream = { .left = FOREVER, .fails_after = (size_t) 6 * PIECE };
  g_autoptr (OciReadAhead) reader = oci_read_ahead_new (fill, &stream, TRUE);
  for (gint i = 1; i <= 6; i++)
    {
      g_assert_true (oci_read_ahead_next (reader, &bytes, &len, &error));
      g_assert_cmpuint (len, ==, PIECE);
      g_assert_cmpint (stream.calls, ==, i);
    }
  for (unsigned i = 0; i < 2; i++)
    {
      g_assert_false (oci_read_ahead_next (reader, &bytes, &len, &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_IO);
      g_clear_error (&error);
    }
  g_assert_cmpint (stream.calls, ==, 7);
}

static GBytes *
make_content (size_t size)
{
  uint8_t *bytes = g_malloc (size + 1);
  for (size_t i = 0; i < size; i++)
    bytes[i] = byte_at (i);
  return g_bytes_new_take (bytes, size);
}

static void
assert_reads (int fd, GBytes *expected)
{
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  const uint8_t *bytes = g_bytes_get_data (expected, &size);
  g_autofree uint8_t *copy = g_malloc (size + 1);
  size_t got = 0;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  g_autoptr (OciByteReader) reader = oci_byte_reader_new_fd (fd, digester);
  g_assert_true (oci_byte_reader_copy (reader, copy, size + 1, &got, &error));
  g_assert_no_error (error);
  assert_bytes (copy, got, bytes, size);
  OciDigest digest = oci_digester_finish (digester), whole = oci_digest_of (bytes, size);
  g_assert_true (oci_digest_equal (&digest, &whole));
}

static gpointer
write_to_pipe (gpointer data)
{
  GBytes *content = ((gpointer *) data)[0];
  g_auto (OciFd) fd = GPOINTER_TO_INT (((gpointer *) data)[1]);
  g_assert_true (
      oci_write_all (fd, g_bytes_get_data (content, NULL), g_bytes_get_size (content), NULL));
  return NULL;
}

/* Every byte of a file and of a pipe is read and digested once. */
static void
test_byte_reader (void)
{
  static const size_t sizes[] = { 0, 1, PIECE - 1, PIECE, PIECE + 1, 30 * PIECE + 7 };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_file (&dir, "file");
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GBytes) content = make_content (sizes[i]);
      g_assert_true (
          g_file_set_contents (path, g_bytes_get_data (content, NULL), (gssize) sizes[i], NULL));
      g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
      assert_reads (fd, content);

      int ends[2];
      g_assert_cmpint (pipe (ends), ==, 0);
      g_auto (OciFd) end = ends[0];
      gpointer data[] = { content, GINT_TO_POINTER (ends[1]) };
      GThread *writer = g_thread_new ("writer", write_to_pipe, data);
      assert_reads (end, content);
      (void) g_thread_join (writer);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/read-ahead/all-sizes", test_all_sizes);
  g_test_add_func ("/read-ahead/error", test_error_comes_after_the_pieces_before_it);
  g_test_add_func ("/read-ahead/ends-early", test_ends_early);
  g_test_add_func ("/read-ahead/may-block", test_may_block);
  g_test_add_func ("/read-ahead/byte-reader", test_byte_reader);
  return g_test_run ();
}
