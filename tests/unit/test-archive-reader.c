#include "oci/archive-reader.h"

#include "oci/base/error.h"

#include "testing.h"

#include <archive.h>
#include <archive_entry.h>

/* One member to make with libarchive, and what the reader is to say about it. */
typedef struct
{
  const char *path;
  unsigned type; /* AE_IF*, 0 for a hard link */
  const char *target;
  const char *content;
  unsigned mode;
  const char *want_path;
} Member;

static char *
make_archive (const TestDir *dir, const char *name, int format, int filter, const Member *members,
              gsize n)
{
  char *path = test_dir_file (dir, name);
  struct archive *archive = archive_write_new ();
  g_assert_cmpint (archive_write_set_format (archive, format), ==, ARCHIVE_OK);
  if (filter != ARCHIVE_FILTER_NONE)
    g_assert_cmpint (archive_write_add_filter (archive, filter), ==, ARCHIVE_OK);
  g_assert_cmpint (archive_write_open_filename (archive, path), ==, ARCHIVE_OK);
  for (gsize i = 0; i < n; i++)
    {
      struct archive_entry *entry = archive_entry_new ();
      gsize len = members[i].content != NULL ? strlen (members[i].content) : 0;
      archive_entry_set_pathname (entry, members[i].path);
      if (members[i].type == 0)
        archive_entry_set_hardlink (entry, members[i].target);
      else if (members[i].type == AE_IFLNK)
        archive_entry_set_symlink (entry, members[i].target);
      archive_entry_set_filetype (entry, members[i].type != 0 ? members[i].type : AE_IFREG);
      archive_entry_set_perm (entry, members[i].mode);
      archive_entry_set_uid (entry, 1000);
      archive_entry_set_gid (entry, 2000);
      archive_entry_set_size (entry, (la_int64_t) len);
      archive_entry_xattr_add_entry (entry, "user.z", "1", 1);
      archive_entry_xattr_add_entry (entry, "user.a", "22", 2);
      archive_entry_xattr_add_entry (entry, "trusted.overlay.opaque", "y", 1);
      archive_entry_xattr_add_entry (entry, "security.selinux", "label", 6);
      g_assert_cmpint (archive_write_header (archive, entry), >=, ARCHIVE_WARN);
      if (len > 0)
        g_assert_cmpint (archive_write_data (archive, members[i].content, len), ==, (gssize) len);
      archive_entry_free (entry);
    }
  g_assert_cmpint (archive_write_close (archive), ==, ARCHIVE_OK);
  archive_write_free (archive);
  return path;
}

static gboolean
read_content (OciArchiveReader *reader, GString *out, GError **error)
{
  char buffer[1000];
  size_t got = 1;
  while (got > 0)
    {
      if (!oci_archive_reader_read (reader, buffer, sizeof buffer, &got, error))
        return FALSE;
      g_string_append_len (out, buffer, (gssize) got);
    }
  return TRUE;
}

/* Everything of an archive as text: "TYPE PATH[->TARGET] MODE [CONTENT]" lines. */
static char *
list (const char *path, GError **error)
{
  static const char types[] = "fdlhs";
  g_autoptr (GString) lines = g_string_new (NULL);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new ("archive", fd, NULL, NULL, error);
  if (reader == NULL)
    return NULL;
  for (;;)
    {
      OciEntry entry;
      gboolean end = FALSE;
      g_autoptr (GString) content = g_string_new (NULL);
      if (!oci_archive_reader_next (reader, &entry, &end, error))
        return NULL;
      if (end)
        return g_string_free (g_steal_pointer (&lines), FALSE);
      g_string_append_printf (lines, "%c %s%s%s %04o", types[entry.type], entry.path,
                              entry.target != NULL ? "->" : "",
                              entry.target != NULL ? entry.target : "", entry.mode);
      if (entry.type == OCI_ENTRY_FILE && !read_content (reader, content, error))
        return NULL;
      g_string_append_printf (lines, " %s\n", content->str);
    }
}

static const Member usual[] = {
  { "./", AE_IFDIR, NULL, NULL, 0755, "" },
  { "./usr/", AE_IFDIR, NULL, NULL, 0755, "usr" },
  { "./usr/hello", AE_IFREG, NULL, "hello", 0644, "usr/hello" },
  { "usr/su", AE_IFREG, NULL, "su", 04755, "usr/su" },
  { "usr/link", AE_IFLNK, "../usr/hello", NULL, 0777, "usr/link" },
};
#define USUAL                                                                                      \
  "d  0755 \nd usr 0755 \nf usr/hello 0644 hello\nf usr/su 4755 su\n"                              \
  "l usr/link->../usr/hello 0777 \n"

static void
test_formats (void)
{
  static const struct
  {
    const char *name;
    int format, filter;
  } rows[] = {
    { "gnu", ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FILTER_NONE },
    { "pax", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE, ARCHIVE_FILTER_NONE },
    { "ustar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE },
    { "gz", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP },
    { "bz2", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_BZIP2 },
    { "xz", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_XZ },
    { "zst", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_ZSTD },
    { "lz4", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_LZ4 },
    { "cpio", ARCHIVE_FORMAT_CPIO_SVR4_NOCRC, ARCHIVE_FILTER_NONE },
  };
  g_auto (TestDir) dir = test_dir_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = make_archive (&dir, rows[i].name, rows[i].format, rows[i].filter,
                                            usual, G_N_ELEMENTS (usual));
      g_autofree char *lines = list (path, &error);
      g_test_message ("%s", rows[i].name);
      g_assert_no_error (error);
      g_assert_cmpstr (lines, ==, USUAL);
    }
}

static void
test_owner_and_xattrs (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = make_archive (&dir, "x.tar", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE,
                                        ARCHIVE_FILTER_NONE, usual + 2, 1);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (OciArchiveReader) reader = oci_archive_reader_new ("x", fd, NULL, NULL, &error);
  OciEntry entry;
  gboolean end = TRUE;
  g_assert_true (oci_archive_reader_next (reader, &entry, &end, &error));
  g_assert_false (end);
  g_assert_cmpuint (entry.uid, ==, 1000);
  g_assert_cmpuint (entry.gid, ==, 2000);
  g_assert_cmpuint (entry.size, ==, 5);
  /* Sorted by name, and nothing of trusted.* or SELinux. */
  g_autofree char *xattrs = g_variant_print (entry.xattrs, FALSE);
  g_assert_cmpstr (xattrs, ==, "[(b'user.a', [0x32, 0x32]), (b'user.z', [0x31])]");
}

static void
test_hard_links_and_devices (void)
{
  static const Member members[] = {
    { "a", AE_IFREG, NULL, "text", 0644, NULL },
    { "b", 0, "./a", NULL, 0644, NULL },
    { "c", AE_IFCHR, NULL, NULL, 0600, NULL },
    { "d", AE_IFIFO, NULL, NULL, 0600, NULL },
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = make_archive (&dir, "x.tar", ARCHIVE_FORMAT_TAR_USTAR,
                                        ARCHIVE_FILTER_NONE, members, G_N_ELEMENTS (members));
  g_autofree char *lines = list (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lines, ==, "f a 0644 text\nh b->a 0644 \ns c 0600 \ns d 0600 \n");
}

/* An archive with such a member is broken or an attack: all of it fails. */
static void
test_hostile_members (void)
{
  static const struct
  {
    Member member;
    const char *pattern;
  } rows[] = {
    { { "../x", AE_IFREG, NULL, "x", 0644, NULL }, "archive: the path ‘../x’ contains ‘..’" },
    { { "a/../../x", AE_IFREG, NULL, "x", 0644, NULL }, "archive: *contains ‘..’" },
    { { "/etc/passwd", AE_IFREG, NULL, "x", 0644, NULL },
      "archive: the path ‘/etc/passwd’ is absolute" },
    { { "h", 0, "../../etc/passwd", NULL, 0644, NULL }, "archive: h: *contains ‘..’" },
    { { "h", 0, "/etc/passwd", NULL, 0644, NULL }, "archive: h: *is absolute" },
  };
  g_auto (TestDir) dir = test_dir_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = make_archive (&dir, "x.tar", ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE,
                                            ARCHIVE_FILTER_NONE, &rows[i].member, 1);
      g_assert_null (list (path, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
    }
}

static void
test_truncated (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *content = g_strnfill (10000, 'x');
  const Member member = { "a", AE_IFREG, NULL, content, 0644, NULL };
  static const gsize lengths[] = { 100, 511, 513, 3000, 10000 };
  g_autofree char *path =
      make_archive (&dir, "x.tar", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_NONE, &member, 1);
  g_autofree char *whole = NULL;
  gsize len = 0;
  g_assert_true (g_file_get_contents (path, &whole, &len, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *cut = test_dir_write (&dir, "cut.tar", whole, lengths[i]);
      g_test_message ("%zu bytes", lengths[i]);
      g_assert_null (list (cut, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*archive: *");
    }
  g_autofree char *gz =
      make_archive (&dir, "x.tar.gz", ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FILTER_GZIP, &member, 1);
  g_autofree char *compressed = NULL;
  g_assert_true (g_file_get_contents (gz, &compressed, &len, NULL));
  g_autofree char *cut = test_dir_write (&dir, "cut.tar.gz", compressed, len / 2);
  g_autoptr (GError) error = NULL;
  g_assert_null (list (cut, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*archive: *");
}

static void
test_no_archive (void)
{
  static const char *const rows[] = { "hello, world\n", "#!/bin/sh\necho\n", "{}" };
  g_auto (TestDir) dir = test_dir_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *path = test_dir_write (&dir, "x", rows[i], strlen (rows[i]));
      g_assert_null (list (path, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "*archive: *");
    }
}

/* A wheel is a zip; made by Python, whose writer is not ours. */
static void
test_zip (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_dir_file (&dir, "x.whl");
  const char *const argv[] = {
    "python3", "-c",
    "import sys, zipfile\n"
    "with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z:\n"
    "  z.writestr('pkg/__init__.py', 'x = 1')\n"
    "  z.writestr('b\\u00fccher', 'y')\n",
    path, NULL
  };
  gboolean success = FALSE;
  g_autofree char *output = test_run_tool (argv, &success);
  if (output == NULL)
    return;
  g_assert_true (success);
  g_autofree char *lines = list (path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lines, ==,
                   "f pkg/__init__.py 0600 x = 1\nf b\xc3\xbc"
                   "cher 0600 y\n");
}

/* deb(5): debian-binary, control.tar.*, data.tar.*; made by ar of binutils. */
static void
test_deb (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *deb = test_dir_file (&dir, "x.deb");
  g_autofree char *version = test_dir_write (&dir, "debian-binary", "2.0\n", 4);
  g_autofree char *control = make_archive (&dir, "control.tar.xz", ARCHIVE_FORMAT_TAR_USTAR,
                                           ARCHIVE_FILTER_XZ, usual + 3, 1);
  g_autofree char *data = make_archive (&dir, "data.tar.xz", ARCHIVE_FORMAT_TAR_GNUTAR,
                                        ARCHIVE_FILTER_XZ, usual, G_N_ELEMENTS (usual));
  const char *const argv[] = { "ar", "rc", deb, version, control, data, NULL };
  gboolean success = FALSE;
  g_autofree char *output = test_run_tool (argv, &success);
  if (output == NULL)
    return;
  g_assert_true (success);
  g_autofree char *lines = list (deb, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lines, ==, USUAL);

  g_autofree char *other = test_dir_file (&dir, "x.a");
  const char *const library[] = { "ar", "rc", other, version, NULL };
  g_autofree char *output2 G_GNUC_UNUSED = test_run_tool (library, &success);
  g_assert_null (list (other, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_UNSUPPORTED,
                "archive: an ar archive without data.tar*");
}

/* A pipe cannot seek. */
static void
test_pipe (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = make_archive (&dir, "x.tar", ARCHIVE_FORMAT_TAR_USTAR,
                                        ARCHIVE_FILTER_NONE, usual, G_N_ELEMENTS (usual));
  const char *const argv[] = { "cat", path, NULL };
  g_autoptr (GSubprocess) cat = g_subprocess_newv (argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error);
  g_assert_no_error (error);
  g_autofree char *fd_path = g_strdup_printf (
      "/proc/self/fd/%d",
      g_unix_input_stream_get_fd (G_UNIX_INPUT_STREAM (g_subprocess_get_stdout_pipe (cat))));
  g_autofree char *lines = list (fd_path, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (lines, ==, USUAL);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/archive-reader/formats", test_formats);
  g_test_add_func ("/archive-reader/owner-and-xattrs", test_owner_and_xattrs);
  g_test_add_func ("/archive-reader/hard-links-and-devices", test_hard_links_and_devices);
  g_test_add_func ("/archive-reader/hostile-members", test_hostile_members);
  g_test_add_func ("/archive-reader/truncated", test_truncated);
  g_test_add_func ("/archive-reader/no-archive", test_no_archive);
  g_test_add_func ("/archive-reader/zip", test_zip);
  g_test_add_func ("/archive-reader/deb", test_deb);
  g_test_add_func ("/archive-reader/pipe", test_pipe);
  return g_test_run ();
}
