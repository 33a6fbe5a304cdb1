#include "oci/layout.h"

#include "testing.h"

#include <sys/wait.h>

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static OciLayout *
new_layout (const TestDir *dir)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_dir_file (dir, "layout");
  OciLayout *layout = oci_layout_open (AT_FDCWD, path, TRUE, &error);
  g_assert_no_error (error);
  return layout;
}

static guint
count_entries (const TestDir *dir, const char *name)
{
  g_autofree char *path = test_dir_file (dir, name);
  g_autoptr (GDir) listing = g_dir_open (path, 0, NULL);
  guint n = 0;
  g_assert_nonnull (listing);
  while (g_dir_read_name (listing) != NULL)
    n++;
  return n;
}

static gboolean
has_blob (OciLayout *layout, const OciDigest *digest, uint64_t *out_size)
{
  g_autoptr (GError) error = NULL;
  gboolean found = FALSE;
  g_assert_true (oci_layout_find_blob (layout, digest, &found, out_size, &error));
  return found;
}

/* image-layout.md: oci-layout, index.json and blobs/ make a layout. */
static void
test_new (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  g_autofree char *marker_path = test_dir_file (&dir, "layout/oci-layout");
  g_autofree char *marker = NULL;
  g_assert_true (g_file_get_contents (marker_path, &marker, NULL, NULL));
  g_assert_cmpstr (marker, ==, "{\"imageLayoutVersion\":\"1.0.0\"}");
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (index->manifests->len, ==, 0);

  /* Opening again neither fails nor changes anything. */
  g_autoptr (OciLayout) again = new_layout (&dir);
  g_assert_nonnull (again);
}

static void
test_open_refused (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *absent = test_dir_file (&dir, "absent");
  g_assert_null (oci_layout_open (AT_FDCWD, absent, FALSE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the image layout */absent: *");
  g_clear_error (&error);

  g_autofree char *empty = test_dir_file (&dir, "empty");
  g_assert_cmpint (g_mkdir_with_parents (empty, 0755), ==, 0);
  g_assert_null (oci_layout_open (AT_FDCWD, empty, FALSE, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the image layout *oci-layout*");
  g_clear_error (&error);

  static const struct
  {
    const char *marker;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "{\"imageLayoutVersion\":\"2.0.0\"}", OCI_ERROR_UNSUPPORTED, "*version ‘2.0.0’*" },
    { "{}", OCI_ERROR_FORMAT, "*‘imageLayoutVersion’ is missing" },
    { "[]", OCI_ERROR_FORMAT, "*expected an object*" },
    { "", OCI_ERROR_FORMAT, "*oci-layout:1:*" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *file G_GNUC_UNUSED =
          test_dir_write (&dir, "empty/oci-layout", rows[i].marker, strlen (rows[i].marker));
      g_assert_null (oci_layout_open (AT_FDCWD, empty, FALSE, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
      g_clear_error (&error);
    }
}

static void
test_blobs_appear_when_finished (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  OciDigest abc, digest;
  uint64_t size = 0;
  g_assert_true (oci_digest_parse_hex (ABC, &abc, NULL));

  g_autoptr (OciBlobWriter) dropped = oci_blob_writer_new (layout, &error);
  g_assert_true (oci_blob_writer_write (dropped, "abc", 3, &error));
  oci_blob_writer_free (g_steal_pointer (&dropped));
  g_assert_cmpuint (count_entries (&dir, "layout/blobs/sha256"), ==, 0);

  g_autoptr (OciBlobWriter) writer = oci_blob_writer_new (layout, &error);
  g_assert_true (oci_blob_writer_write (writer, "a", 1, &error));
  g_assert_true (oci_blob_writer_write (writer, "bc", 2, &error));
  g_assert_false (has_blob (layout, &abc, NULL));
  g_assert_true (oci_blob_writer_finish (writer, &abc, &digest, &size, &error));
  g_assert_no_error (error);
  g_assert_true (oci_digest_equal (&digest, &abc));
  g_assert_cmpuint (size, ==, 3);
  g_assert_true (has_blob (layout, &abc, &size));
  g_assert_cmpuint (size, ==, 3);
  g_autofree char *path = test_dir_file (&dir, "layout/blobs/sha256/" ABC);
  g_autofree char *content = NULL;
  g_assert_true (g_file_get_contents (path, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "abc");

  struct stat before, after;
  g_assert_cmpint (stat (path, &before), ==, 0);
  g_autoptr (GBytes) data = test_bytes ("abc");
  g_assert_true (oci_layout_put_blob (layout, data, &digest, &error)); /* it may be damaged */
  g_assert_cmpint (stat (path, &after), ==, 0);
  g_assert_cmpuint (before.st_ino, !=, after.st_ino);
  g_assert_cmpuint (count_entries (&dir, "layout/blobs/sha256"), ==, 1);

  g_assert_true (oci_layout_remove_blob (layout, &abc, &error));
  g_assert_true (oci_layout_remove_blob (layout, &abc, &error));
  g_assert_false (has_blob (layout, &abc, NULL));
}

static void
test_wrong_digest (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  OciDigest abc;
  g_assert_true (oci_digest_parse_hex (ABC, &abc, NULL));
  g_autoptr (OciBlobWriter) writer = oci_blob_writer_new (layout, &error);
  g_assert_true (oci_blob_writer_write (writer, "abd", 3, &error));
  g_assert_false (oci_blob_writer_finish (writer, &abc, NULL, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT,
                "the content has the digest sha256:*, expected sha256:" ABC);
  oci_blob_writer_free (g_steal_pointer (&writer));
  g_assert_cmpuint (count_entries (&dir, "layout/blobs/sha256"), ==, 0);
}

static void
test_reading (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes ("abc");
  OciDigest digest;
  g_assert_true (oci_layout_put_blob (layout, data, &digest, &error));
  g_autoptr (OciDescriptor) blob = oci_descriptor_new (OCI_MEDIA_TYPE_CONFIG, &digest, 3);
  g_autoptr (GBytes) read = oci_layout_read_blob (layout, blob, 3, &error);
  g_assert_true (g_bytes_equal (read, data));
  g_assert_null (oci_layout_read_blob (layout, blob, 2, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "the blob sha256:ba7816bf8f01…*");
  g_clear_error (&error);

  OciFd fd = -1;
  blob->size = 4;
  g_assert_false (oci_layout_open_blob (layout, blob, &fd, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "*has 3 bytes, its descriptor says 4");
  g_assert_cmpint (fd, ==, -1);
  g_clear_error (&error);
  blob->size = 3;

  /* Bytes that changed under their name. */
  g_autofree char *changed = test_dir_write (&dir, "layout/blobs/sha256/" ABC, "abd", 3);
  g_assert_null (oci_layout_read_blob (layout, blob, 100, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "*does not match its descriptor");
  g_clear_error (&error);

  /* A link is not a blob. */
  g_assert_cmpint (unlink (changed), ==, 0);
  g_assert_cmpint (symlink ("/etc/passwd", changed), ==, 0);
  g_assert_false (has_blob (layout, &digest, NULL));
  g_assert_null (oci_layout_read_blob (layout, blob, 100000, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  g_assert_cmpint (unlink (changed), ==, 0);
  g_assert_false (oci_layout_open_blob (layout, blob, &fd, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the blob sha256:ba7816bf8f01…*");
}

static OciDescriptor *
descriptor_of (const char *text)
{
  OciDigest digest = oci_digest_of (text, strlen (text));
  return oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, strlen (text));
}

static void
test_names (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  g_autoptr (OciDescriptor) one = descriptor_of ("one"), two = descriptor_of ("two");
  g_assert_true (oci_layout_tag (layout, "app:1", one, &error));
  g_assert_true (oci_layout_tag (layout, "app:2", two, &error));
  g_assert_true (oci_layout_tag (layout, "app:1", two, &error)); /* moves */
  g_assert_no_error (error);
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, &error);
  g_assert_cmpuint (index->manifests->len, ==, 2);
  g_autoptr (OciDescriptor) found = oci_layout_resolve (layout, "app:1", NULL, &error);
  g_assert_true (oci_digest_equal (&found->digest, &two->digest));
  g_assert_null (oci_layout_resolve (layout, "app:3", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "*layout: no image ‘app:3’; there is: *");
  g_clear_error (&error);
  g_assert_null (oci_layout_resolve (layout, NULL, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "*holds 2 images, name one of: *");
  g_clear_error (&error);
  g_assert_true (oci_layout_untag (layout, "app:2", &error));
  g_autoptr (OciDescriptor) only = oci_layout_resolve (layout, NULL, NULL, &error);
  g_assert_true (oci_digest_equal (&only->digest, &two->digest));
  g_assert_false (oci_layout_untag (layout, "app:2", &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "*: no image ‘app:2’; did you mean ‘app:1’?");
}

/* Entries that other programs wrote stay, with members that terrane does not know. */
static void
test_foreign_entries_stay (void)
{
  static const char foreign[] =
      "{\"schemaVersion\":2,\"x-tool\":[1],\"manifests\":[{\"mediaType\":"
      "\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:" ABC
      "\",\"size\":9,\"x-entry\":{\"y\":null},\"urls\":[\"https://example\"]}]}";
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = test_dir_write (&dir, "layout/index.json", foreign, strlen (foreign));
  g_autoptr (OciDescriptor) one = descriptor_of ("one");
  g_assert_true (oci_layout_tag (layout, "a", one, &error));
  g_assert_true (oci_layout_untag (layout, "a", &error));
  g_assert_no_error (error);
  g_autoptr (OciJsonValue) want = json_loads (foreign, 0, NULL);
  g_autoptr (OciJsonValue) got = json_load_file (path, 0, NULL);
  g_assert_true (json_equal (got, want));
}

enum
{
  WRITERS = 4,
  NAMES = 25,
};

/* No name is lost when several processes write at once. */
static void
test_concurrent_tagging (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  g_autoptr (OciDescriptor) image = descriptor_of ("image");
  pid_t children[WRITERS];
  for (int writer = 0; writer < WRITERS; writer++)
    {
      children[writer] = fork ();
      g_assert_cmpint (children[writer], >=, 0);
      if (children[writer] > 0)
        continue;
      gboolean ok = TRUE;
      for (int i = 0; ok && i < NAMES; i++)
        {
          char name[32];
          g_snprintf (name, sizeof name, "w%d:%d", writer, i);
          ok = oci_layout_tag (layout, name, image, NULL);
        }
      _exit (ok ? 0 : 1);
    }
  for (int writer = 0; writer < WRITERS; writer++)
    {
      int status = -1;
      g_assert_cmpint (waitpid (children[writer], &status, 0), ==, children[writer]);
      g_assert_cmpint (status, ==, 0);
    }
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (index->manifests->len, ==, WRITERS * NAMES);
}

/* That it cannot be found out is not that it is not there. */
static void
test_errors_are_not_absence (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (OciLayout) layout = new_layout (&dir);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) data = test_bytes ("abc");
  g_autofree char *blobs = test_dir_file (&dir, "layout/blobs/sha256");
  OciDigest digest;
  gboolean found = FALSE;
  g_assert_true (oci_layout_put_blob (layout, data, &digest, &error));
  test_forbid (blobs);
  gboolean ok = oci_layout_find_blob (layout, &digest, &found, NULL, &error);
  test_allow (blobs);
  g_assert_false (ok);
  assert_error (error, OCI_ERROR, OCI_ERROR_IO, "the blob sha256:ba7816bf8f01… of *: Permission*");
  g_assert_true (has_blob (layout, &digest, NULL));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/layout/new", test_new);
  g_test_add_func ("/layout/open-refused", test_open_refused);
  g_test_add_func ("/layout/blobs-appear-when-finished", test_blobs_appear_when_finished);
  g_test_add_func ("/layout/wrong-digest", test_wrong_digest);
  g_test_add_func ("/layout/reading", test_reading);
  g_test_add_func ("/layout/names", test_names);
  g_test_add_func ("/layout/foreign-entries-stay", test_foreign_entries_stay);
  g_test_add_func ("/layout/concurrent-tagging", test_concurrent_tagging);
  g_test_add_func ("/layout/errors-are-not-absence", test_errors_are_not_absence);
  return g_test_run ();
}
