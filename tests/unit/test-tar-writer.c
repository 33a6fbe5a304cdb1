#include "oci/tar-writer.h"

#include "oci/base/error.h"

#include "testing.h"

#include <archive.h>
#include <archive_entry.h>

static gboolean
append (gpointer data, const void *bytes, size_t len, G_GNUC_UNUSED GError **error)
{
  g_byte_array_append (data, bytes, (guint) len);
  return TRUE;
}

/* A tar of one entry with @content. */
static GByteArray *
write_one (const OciEntry *entry, const char *content)
{
  g_autoptr (GError) error = NULL;
  GByteArray *out = g_byte_array_new ();
  OciTarWriter *writer = oci_tar_writer_new (append, out);
  g_assert_true (oci_tar_writer_add (writer, entry, &error));
  g_assert_no_error (error);
  if (content != NULL)
    g_assert_true (oci_tar_writer_data (writer, content, strlen (content), &error));
  g_assert_true (oci_tar_writer_finish (writer, &error));
  g_assert_no_error (error);
  oci_tar_writer_free (writer);
  return out;
}

/* POSIX pax, "ustar Interchange Format": the sum of all bytes with the field itself as spaces. */
static void
assert_header (const guint8 *header)
{
  guint sum = 0;
  for (int i = 0; i < 512; i++)
    sum += i >= 148 && i < 156 ? ' ' : header[i];
  g_assert_cmpuint (g_ascii_strtoull ((const char *) header + 148, NULL, 8), ==, sum);
  assert_bytes (header + 257, 8, "ustar\00000", 8);
  assert_bytes (header + 136, 12, "02263523001", 12); /* 315532801 = 1980-01-01T00:00:01Z */
  for (int i = 265; i < 329; i++)                     /* uname and gname */
    g_assert_cmpuint (header[i], ==, 0);
  for (int i = 500; i < 512; i++)
    g_assert_cmpuint (header[i], ==, 0);
}

static void
test_plain_file (void)
{
  const OciEntry entry = { .path = "etc/hello",
                           .type = OCI_ENTRY_FILE,
                           .mode = 04755,
                           .uid = 1000,
                           .gid = 07777777,
                           .size = 5 };
  g_autoptr (GByteArray) tar = write_one (&entry, "hello");
  g_assert_cmpuint (tar->len, ==, 512 + 512 + 1024);
  assert_header (tar->data);
  g_assert_cmpstr ((const char *) tar->data, ==, "etc/hello");
  assert_bytes (tar->data + 100, 8, "0004755", 8);
  assert_bytes (tar->data + 108, 8, "0001750", 8);
  assert_bytes (tar->data + 116, 8, "7777777", 8);
  assert_bytes (tar->data + 124, 12, "00000000005", 12);
  g_assert_cmpuint (tar->data[156], ==, '0');
  assert_bytes (tar->data + 512, 5, "hello", 5);
  for (guint i = 517; i < tar->len; i++)
    g_assert_cmpuint (tar->data[i], ==, 0);
}

static void
test_padding (void)
{
  static const gsize sizes[] = { 0, 1, 511, 512, 513, 1024 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *content = g_strnfill (sizes[i], 'x');
      const OciEntry entry = { .path = "f", .type = OCI_ENTRY_FILE, .size = sizes[i] };
      g_autoptr (GByteArray) tar = write_one (&entry, content);
      g_assert_cmpuint (tar->len, ==, 512 + (sizes[i] + 511) / 512 * 512 + 1024);
    }
}

static struct archive *
open_tar (const GByteArray *tar)
{
  struct archive *archive = archive_read_new ();
  archive_read_support_format_tar (archive);
  g_assert_cmpint (archive_read_open_memory (archive, tar->data, tar->len), ==, ARCHIVE_OK);
  return archive;
}

/* The entry that libarchive, as independent code, reads from a tar with one entry. */
static void
assert_libarchive_reads (const OciEntry *entry, const GByteArray *tar)
{
  struct archive *archive = open_tar (tar);
  struct archive_entry *got = NULL;
  g_assert_cmpint (archive_read_next_header (archive, &got), ==, ARCHIVE_OK);
  g_autofree char *name =
      g_strconcat (entry->path, entry->type == OCI_ENTRY_DIRECTORY ? "/" : "", NULL);
  g_assert_cmpstr (archive_entry_pathname (got), ==, name);
  g_assert_cmpuint (archive_entry_perm (got), ==, entry->mode);
  g_assert_cmpint (archive_entry_uid (got), ==, entry->uid);
  g_assert_cmpint (archive_entry_gid (got), ==, entry->gid);
  g_assert_cmpint (archive_entry_mtime (got), ==, 315532801);
  g_assert_cmpint (archive_entry_mtime_nsec (got), ==, 0);
  if (entry->type == OCI_ENTRY_SYMLINK)
    g_assert_cmpstr (archive_entry_symlink (got), ==, entry->target);
  else if (entry->type == OCI_ENTRY_HARDLINK)
    g_assert_cmpstr (archive_entry_hardlink (got), ==, entry->target);
  else if (entry->type == OCI_ENTRY_FILE)
    g_assert_cmpuint ((uint64_t) archive_entry_size (got), ==, entry->size);
  archive_read_free (archive);
}

static void
test_types (void)
{
  static const OciEntry entries[] = {
    { .path = "d", .type = OCI_ENTRY_DIRECTORY, .mode = 01777 },
    { .path = "s", .type = OCI_ENTRY_SYMLINK, .target = "../x", .mode = 0777 },
    { .path = "h", .type = OCI_ENTRY_HARDLINK, .target = "a/b", .mode = 0644 },
    { .path = "f", .type = OCI_ENTRY_FILE, .mode = 06711, .uid = 1, .gid = 2 },
    { .path = "big-ids", .type = OCI_ENTRY_FILE, .uid = 010000000, .gid = 4294967294U },
  };
  static const char types[] = { '5', '2', '1', '0', '0' };
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_autoptr (GByteArray) tar = write_one (&entries[i], NULL);
      assert_libarchive_reads (&entries[i], tar);
      if (i < 4) /* pax only where needed */
        {
          g_assert_cmpuint (tar->len, ==, 512 + 1024);
          g_assert_cmpuint (tar->data[156], ==, (guint8) types[i]);
        }
      else
        g_assert_cmpuint (tar->data[156], ==, 'x');
    }
}

/* Names at and over the limits of ustar: 100 bytes, or 155 + "/" + 100. */
static void
test_long_names (void)
{
  static const struct
  {
    guint components[4];
    gboolean pax;
  } rows[] = {
    { { 99 }, FALSE },
    { { 100 }, FALSE },
    { { 101 }, TRUE },
    { { 155, 100 }, FALSE },
    { { 156, 100 }, TRUE },
    { { 155, 101 }, TRUE },
    { { 50, 104, 100 }, FALSE },
    { { 100, 100, 100 }, TRUE },
    { { 1, 100 }, FALSE },
    { { 60, 60, 60 }, FALSE },
    { { 200, 200, 200, 200 }, TRUE },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (int directory = 0; directory < 2; directory++)
      {
        g_autoptr (GString) path = g_string_new (NULL);
        for (gsize c = 0; c < 4 && rows[i].components[c] > 0; c++)
          {
            g_autofree char *component =
                g_strnfill (rows[i].components[c], (char) ('a' + (char) c));
            g_string_append_printf (path, "%s%s", c > 0 ? "/" : "", component);
          }
        const OciEntry entry = { .path = path->str,
                                 .type = directory ? OCI_ENTRY_DIRECTORY : OCI_ENTRY_FILE,
                                 .mode = 0755 };
        g_autoptr (GByteArray) tar = write_one (&entry, NULL);
        assert_libarchive_reads (&entry, tar);
        if (!directory)
          g_assert_cmpint (tar->data[156] == 'x', ==, rows[i].pax);
        for (guint at = 0; at + 512 <= tar->len - 1024; at += 512)
          if (tar->data[at + 156] == 'x' || tar->data[at + 257] == 'u')
            assert_header (tar->data + at);
      }
}

static void
test_link_targets (void)
{
  static const guint lengths[] = { 1, 99, 100, 101, 4095 };
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char *target = g_strnfill (lengths[i], 't');
      const OciEntry entry = {
        .path = "s", .type = OCI_ENTRY_SYMLINK, .target = target, .mode = 0777
      };
      g_autoptr (GByteArray) tar = write_one (&entry, NULL);
      assert_libarchive_reads (&entry, tar);
      g_assert_cmpint (tar->data[156] == 'x', ==, lengths[i] > 100);
    }
}

static void
test_non_ascii (void)
{
  const OciEntry file = { .path = "usr/b\xc3\xbc"
                                  "cher/\xe6\xbc\xa2",
                          .type = OCI_ENTRY_FILE };
  const OciEntry link = {
    .path = "l", .type = OCI_ENTRY_SYMLINK, .target = "\xc3\xbc", .mode = 0777
  };
  g_autoptr (GByteArray) tar = write_one (&file, NULL);
  assert_libarchive_reads (&file, tar);
  /* POSIX pax: "LEN path=VALUE\n", where LEN counts itself: 2 + 1 + 5 + 15 + 1. */
  g_assert_cmpstr ((const char *) tar->data + 512, ==,
                   "24 path=usr/b\xc3\xbc"
                   "cher/\xe6\xbc\xa2\n");
  g_autoptr (GByteArray) link_tar = write_one (&link, NULL);
  assert_libarchive_reads (&link, link_tar);
  g_assert_cmpstr ((const char *) link_tar->data + 512, ==, "15 linkpath=\xc3\xbc\n");
}

/* POSIX pax, hdrcharset: BINARY stands before the records whose text is bytes. LEN counts itself:
 * 2 + 1 + 10 + 1 + 6 + 1. */
static void
test_not_utf8 (void)
{
  const OciEntry entry = {
    .path = "n\xe4", .type = OCI_ENTRY_SYMLINK, .target = "\xff", .mode = 0777
  };
  g_autoptr (GByteArray) tar = write_one (&entry, NULL);
  g_assert_cmpstr ((const char *) tar->data + 512, ==,
                   "21 hdrcharset=BINARY\n"
                   "11 path=n\xe4\n"
                   "14 linkpath=\xff\n");
  assert_libarchive_reads (&entry, tar);
}

/* LEN counts its own digits: from 9 to 10, 99 to 100 and 999 to 1000 bytes in all. */
static void
test_pax_lengths (void)
{
  for (guint len = 101; len < 255; len++)
    {
      g_autofree char *path = g_strnfill (len, 'p');
      const OciEntry entry = { .path = path, .type = OCI_ENTRY_FILE };
      g_autoptr (GByteArray) tar = write_one (&entry, NULL);
      assert_libarchive_reads (&entry, tar);
    }
  for (guint len = 960; len < 1010; len++)
    {
      g_autofree char *target = g_strnfill (len, 'p');
      const OciEntry entry = {
        .path = "s", .type = OCI_ENTRY_SYMLINK, .target = target, .mode = 0777
      };
      g_autoptr (GByteArray) tar = write_one (&entry, NULL);
      assert_libarchive_reads (&entry, tar);
    }
}

static GVariant *
one_xattr (const char *name, const void *value, gsize len)
{
  GVariantBuilder builder;
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ayay)"));
  g_variant_builder_add (&builder, "(@ay@ay)", g_variant_new_bytestring (name),
                         g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, len, 1));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
test_xattrs (void)
{
  /* cap_net_bind_service=ep, as the kernel stores it (VFS_CAP_REVISION_2). */
  static const char value[] = "\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                              "\x00\x00\x00";
  g_autoptr (GVariant) xattrs = one_xattr ("security.capability", value, 20);
  const OciEntry entry = { .path = "ping", .type = OCI_ENTRY_FILE, .mode = 0755, .xattrs = xattrs };
  g_autoptr (GByteArray) tar = write_one (&entry, NULL);
  struct archive *archive = open_tar (tar);
  struct archive_entry *got = NULL;
  const char *name = NULL;
  const void *bytes = NULL;
  size_t len = 0;
  g_assert_cmpint (archive_read_next_header (archive, &got), ==, ARCHIVE_OK);
  g_assert_cmpint (archive_entry_xattr_reset (got), ==, 1);
  g_assert_cmpint (archive_entry_xattr_next (got, &name, &bytes, &len), ==, ARCHIVE_OK);
  g_assert_cmpstr (name, ==, "security.capability");
  assert_bytes (bytes, len, value, 20);
  archive_read_free (archive);
  /* "LEN SCHILY.xattr.security.capability=" and the raw bytes: 2 + 1 + 32 + 1 + 20 + 1. */
  assert_bytes (tar->data + 512, 36, "57 SCHILY.xattr.security.capability=", 36);

  static const struct
  {
    const char *name;
    gsize len;
  } bad[] = { { "user.empty", 0 }, { "user.a=b", 1 } };
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GVariant) refused = one_xattr (bad[i].name, "x", bad[i].len);
      const OciEntry odd = { .path = "f", .type = OCI_ENTRY_FILE, .xattrs = refused };
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) out = g_byte_array_new ();
      OciTarWriter *writer = oci_tar_writer_new (append, out);
      g_assert_false (oci_tar_writer_add (writer, &odd, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED,
                    "f: the extended attribute ‘user.* is empty or has ‘=’*");
      oci_tar_writer_free (writer);
    }
}

/* 8 GiB is the first size that eleven octal digits cannot hold. Headers only: no content is
 * read. */
static void
test_large_sizes (void)
{
  static const uint64_t sizes[] = { UINT64_C (8589934591), UINT64_C (8589934592),
                                    UINT64_C (8589934593), UINT64_C (1) << 40 };
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GByteArray) out = g_byte_array_new ();
      const OciEntry entry = { .path = "big", .type = OCI_ENTRY_FILE, .size = sizes[i] };
      OciTarWriter *writer = oci_tar_writer_new (append, out);
      g_assert_true (oci_tar_writer_add (writer, &entry, &error));
      g_assert_cmpint (out->data[156] == 'x', ==, sizes[i] >= UINT64_C (8589934592));
      assert_libarchive_reads (&entry, out);
      g_assert_false (oci_tar_writer_finish (writer, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "content is shorter*");
      oci_tar_writer_free (writer);
    }
}

static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  const OciEntry special = { .path = "dev/null", .type = OCI_ENTRY_SPECIAL };
  const OciEntry file = { .path = "f", .type = OCI_ENTRY_FILE, .size = 3 };
  OciTarWriter *writer = oci_tar_writer_new (append, out);
  g_assert_false (oci_tar_writer_add (writer, &special, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED, "dev/null: *device, fifo or socket");
  g_clear_error (&error);
  g_assert_cmpuint (out->len, ==, 0);
  g_assert_true (oci_tar_writer_add (writer, &file, &error));
  g_assert_false (oci_tar_writer_data (writer, "four", 4, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "content is longer*");
  g_clear_error (&error);
  g_assert_true (oci_tar_writer_data (writer, "th", 2, &error));
  g_assert_false (oci_tar_writer_finish (writer, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "content is shorter*");
  oci_tar_writer_free (writer);
}

/* Neither the locale nor the time zone is in the bytes. */
static void
test_environment (void)
{
  const OciEntry entry = { .path = "b\xc3\xbc"
                                   "cher",
                           .type = OCI_ENTRY_FILE,
                           .mode = 0644 };
  g_autoptr (GByteArray) utf8 = write_one (&entry, NULL);
  g_assert_nonnull (setlocale (LC_ALL, "C"));
  g_assert_true (g_setenv ("TZ", "Asia/Kolkata", TRUE));
  tzset ();
  g_autoptr (GByteArray) c = write_one (&entry, NULL);
  g_assert_nonnull (setlocale (LC_CTYPE, "C.UTF-8"));
  assert_bytes (utf8->data, utf8->len, c->data, c->len);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/tar-writer/plain-file", test_plain_file);
  g_test_add_func ("/tar-writer/padding", test_padding);
  g_test_add_func ("/tar-writer/types", test_types);
  g_test_add_func ("/tar-writer/long-names", test_long_names);
  g_test_add_func ("/tar-writer/link-targets", test_link_targets);
  g_test_add_func ("/tar-writer/non-ascii", test_non_ascii);
  g_test_add_func ("/tar-writer/not-utf8", test_not_utf8);
  g_test_add_func ("/tar-writer/pax-lengths", test_pax_lengths);
  g_test_add_func ("/tar-writer/xattrs", test_xattrs);
  g_test_add_func ("/tar-writer/large-sizes", test_large_sizes);
  g_test_add_func ("/tar-writer/refused", test_refused);
  g_test_add_func ("/tar-writer/environment", test_environment);
  return g_test_run ();
}
