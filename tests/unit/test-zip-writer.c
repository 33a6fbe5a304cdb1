#include "oci/zip-writer.h"

#include "oci/base/error.h"
#include "oci/gzip-writer.h"
#include "oci/zip-reader.h"

#include "testing.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

static gboolean
append (gpointer data, const void *bytes, size_t len, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

static void
add_file (OciZipWriter *zip, const char *path, uint32_t mode, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) packed = NULL;
  OciZipContent content;
  const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE, .mode = mode };
  g_assert_true (oci_zip_pack (text, strlen (text), &content, &packed, &error));
  g_assert_true (oci_zip_writer_add (zip, &entry, &content, &error));
  g_assert_true (oci_zip_writer_data (zip, g_bytes_get_data (packed, NULL),
                                      g_bytes_get_size (packed), &error));
  g_assert_no_error (error);
}

/* One stored file against the bytes that APPNOTE.TXT prescribes, written down by hand. The CRC-32
 * of "123456789" is the check value of the catalogue of CRCs. */
static void
test_layout (void)
{
  static const guint8 expected[] = "PK\3\4\24\0\0\0\0\0\0\0\41\0\x26\x39\xf4\xcb\11\0\0\0\11\0\0\0"
                                   "\1\0\0\0a123456789"
                                   "PK\1\2\24\3\24\0\0\0\0\0\0\0\41\0\x26\x39\xf4\xcb\11\0\0\0"
                                   "\11\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\xa4\x81\0\0\0\0a"
                                   "PK\5\6\0\0\0\0\1\0\1\0\x2f\0\0\0\x28\0\0\0\0\0";
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (OciZipWriter) zip = oci_zip_writer_new (append, out);
  add_file (zip, "a", 0644, "123456789");
  g_assert_true (oci_zip_writer_finish (zip, &error));
  g_assert_cmpuint (out->len, ==, sizeof expected - 1);
  g_assert_true (memcmp (out->data, expected, out->len) == 0);
  g_assert_cmpuint (out->len, ==, 9 + oci_zip_overhead ("a", FALSE) + oci_zip_end_size (1));
}

static GPtrArray *
read_back (const GByteArray *zip, int *out_fd)
{
  g_autoptr (GError) error = NULL;
  *out_fd = memfd_create ("zip", MFD_CLOEXEC);
  g_assert_cmpint (write (*out_fd, zip->data, zip->len), ==, (gssize) zip->len);
  GPtrArray *members = oci_zip_directory_read (*out_fd, &error);
  g_assert_no_error (error);
  return members;
}

/* The strict reader finds nothing to object to, and everything as it was given. */
static void
test_kinds (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (OciZipWriter) zip = oci_zip_writer_new (append, out);
  const OciEntry directory = { .path = "d", .type = OCI_ENTRY_DIRECTORY, .mode = 0755 };
  const OciEntry link = {
    .path = "d/l", .type = OCI_ENTRY_SYMLINK, .target = "../ä", .mode = 0777
  };
  g_assert_true (oci_zip_writer_add (zip, &directory, NULL, &error));
  add_file (zip, "d/empty", 0644, "");
  g_assert_true (oci_zip_writer_add (zip, &link, NULL, &error));
  add_file (zip, "ä", 0755, "#!/bin/sh\n#########################################\n");
  g_assert_true (oci_zip_writer_finish (zip, &error));
  int fd;
  g_autoptr (GPtrArray) members = read_back (out, &fd);
  g_assert_cmpuint (members->len, ==, 4);
  static const struct
  {
    const char *name;
    uint32_t mode;
    gboolean utf8;
    uint16_t method;
    uint64_t size;
  } rows[] = { { "d/", 040755, FALSE, OCI_ZIP_STORED, 0 },
               { "d/empty", 0100644, FALSE, OCI_ZIP_STORED, 0 },
               { "d/l", 0120777, FALSE, OCI_ZIP_STORED, 5 },
               { "ä", 0100755, TRUE, OCI_ZIP_DEFLATED, 52 } };
  for (guint i = 0; i < members->len; i++)
    {
      const OciZipMember *member = members->pdata[i];
      g_assert_cmpstr (member->name, ==, rows[i].name);
      g_assert_cmphex (member->attributes >> 16, ==, rows[i].mode);
      g_assert_cmpuint (member->host, ==, 3);
      g_assert_cmpint (member->utf8, ==, rows[i].utf8);
      g_assert_cmpuint (member->method, ==, rows[i].method);
      g_assert_cmpuint (member->size, ==, rows[i].size);
    }
  close (fd);
}

/* More members than the old end record can count. */
static void
test_many (void)
{
  enum
  {
    MANY = 70000
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (OciZipWriter) zip = oci_zip_writer_new (append, out);
  uint64_t expected = oci_zip_end_size (MANY);
  for (int i = 0; i < MANY; i++)
    {
      g_autofree char *path = g_strdup_printf ("%05d", i);
      const OciEntry entry = { .path = path, .type = OCI_ENTRY_DIRECTORY, .mode = 0755 };
      g_assert_true (oci_zip_writer_add (zip, &entry, NULL, &error));
      expected += oci_zip_overhead (path, TRUE);
    }
  g_assert_true (oci_zip_writer_finish (zip, &error));
  g_assert_cmpuint (out->len, ==, expected);
  int fd;
  g_autoptr (GPtrArray) members = read_back (out, &fd);
  g_assert_cmpuint (members->len, ==, MANY);
  close (fd);
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree char *name = g_strnfill (0x10000, 'a');
  const OciZipContent small = { 0 };
  const OciZipContent large = { .size = UINT64_C (1) << 32, .packed_size = 10, .deflated = TRUE };
  const char *const paths[] = { name, "large", "\xff", "h", "dev" };
  static const OciEntryType types[] = { OCI_ENTRY_FILE, OCI_ENTRY_FILE, OCI_ENTRY_FILE,
                                        OCI_ENTRY_HARDLINK, OCI_ENTRY_SPECIAL };
  static const int codes[] = { OCI_ERROR_LIMIT, OCI_ERROR_LIMIT, OCI_ERROR_UNSUPPORTED,
                               OCI_ERROR_UNSUPPORTED, OCI_ERROR_UNSUPPORTED };
  g_autoptr (OciZipWriter) zip = oci_zip_writer_new (append, out);
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      const OciEntry entry = { .path = paths[i], .type = types[i] };
      g_assert_false (oci_zip_writer_add (zip, &entry, i == 1 ? &large : &small, &error));
      g_assert_error (error, OCI_ERROR, codes[i]);
      g_clear_error (&error);
    }
  const OciZipContent three = { .size = 3, .packed_size = 3 };
  const OciEntry file = { .path = "file", .type = OCI_ENTRY_FILE };
  g_assert_true (oci_zip_writer_add (zip, &file, &three, &error));
  g_assert_false (oci_zip_writer_data (zip, "1234", 4, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT);
  g_clear_error (&error);
  g_assert_true (oci_zip_writer_data (zip, "12", 2, &error));
  g_assert_false (oci_zip_writer_finish (zip, &error));
  g_assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT);
}

/* Raw deflate of large content is what zlib inflates without a header, with zlib's CRC. */
static void
test_raw (void)
{
  enum
  {
    SIZE = 3 * 1024 * 1024 + 17
  };
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *data = g_malloc (SIZE);
  test_fill_random (data, SIZE / 2, 7);
  memset (data + SIZE / 2, 'x', SIZE - SIZE / 2);
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (OciGzipWriter) writer = oci_gzip_writer_new_raw (2, OCI_ZIP_LEVEL, append, out);
  g_assert_true (oci_gzip_writer_write (writer, data, SIZE, &error));
  g_assert_true (oci_gzip_writer_finish (writer, &error));
  g_assert_cmphex (oci_gzip_writer_crc32 (writer), ==, crc32 (0, data, SIZE));
  g_autofree guint8 *back = g_malloc (SIZE);
  z_stream z = { .next_in = out->data, .avail_in = out->len, .next_out = back, .avail_out = SIZE };
  g_assert_cmpint (inflateInit2 (&z, -MAX_WBITS), ==, Z_OK);
  g_assert_cmpint (inflate (&z, Z_FINISH), ==, Z_STREAM_END);
  g_assert_cmpuint (z.avail_in, ==, 0);
  g_assert_cmpint (inflateEnd (&z), ==, Z_OK);
  g_assert_true (memcmp (back, data, SIZE) == 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/zip-writer/bytes", test_layout);
  g_test_add_func ("/zip-writer/kinds", test_kinds);
  g_test_add_func ("/zip-writer/many", test_many);
  g_test_add_func ("/zip-writer/refused", test_refused);
  g_test_add_func ("/zip-writer/raw", test_raw);
  return g_test_run ();
}
