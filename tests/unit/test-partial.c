/* Blobs that arrive in pieces: kept between attempts, verified before they can be used. */
#include "testing.h"

#include "oci/partial.h"

static const char text[] = "twelve bytes";

typedef struct
{
  TestDir dir;
  OciLayout *layout;
  OciDescriptor *blob;
} Fixture;

static void
set_up (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  self->dir = test_dir_new ();
  self->layout = oci_layout_open (AT_FDCWD, self->dir.path, TRUE, &error);
  g_assert_no_error (error);
  OciDigest digest = oci_digest_of (text, strlen (text));
  self->blob = oci_descriptor_new (OCI_MEDIA_TYPE_LAYER_GZIP, &digest, strlen (text));
}

static void
tear_down (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  oci_descriptor_free (self->blob);
  oci_layout_free (self->layout);
  test_dir_clear (&self->dir);
}

static OciPartial *
open_partial (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  OciPartial *partial = oci_partial_open (self->layout, self->blob, &error);
  g_assert_no_error (error);
  return partial;
}

static void
write_text (OciPartial *partial, const char *piece)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (oci_partial_write (partial, piece, strlen (piece), &error));
  g_assert_no_error (error);
}

static guint
count_leftovers (Fixture *self)
{
  g_autofree char *path = g_build_filename (self->dir.path, "partial", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint count = 0;
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static gboolean
has_blob (OciLayout *layout, const OciDigest *digest, uint64_t *out_size)
{
  g_autoptr (GError) error = NULL;
  gboolean found = FALSE;
  g_assert_true (oci_layout_find_blob (layout, digest, &found, out_size, &error));
  return found;
}

static void
test_continue (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciPartial *first = open_partial (self);
  write_text (first, "twelve");
  oci_partial_free (first);
  g_assert_false (has_blob (self->layout, &self->blob->digest, NULL));

  g_autoptr (OciPartial) second = open_partial (self);
  g_assert_cmpuint (oci_partial_size (second), ==, 6);
  write_text (second, " bytes");
  g_assert_true (oci_partial_finish (second, &error));
  g_assert_no_error (error);
  g_autoptr (GBytes) stored = oci_layout_read_blob (self->layout, self->blob, 100, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) expected = g_bytes_new_static (text, strlen (text));
  g_assert_true (g_bytes_equal (stored, expected));
  g_assert_cmpuint (count_leftovers (self), ==, 0);
}

static void
test_wrong_content (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciPartial *partial = open_partial (self);
  write_text (partial, "twelve BYTES");
  g_assert_false (oci_partial_finish (partial, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "the content has 12 bytes and the digest*");
  g_assert_cmpuint (oci_partial_size (partial), ==, 0);
  oci_partial_free (partial);
  g_assert_false (has_blob (self->layout, &self->blob->digest, NULL));
  g_assert_cmpuint (count_leftovers (self), ==, 0);
}

static void
test_too_much (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciPartial) partial = open_partial (self);
  write_text (partial, text);
  g_assert_false (oci_partial_write (partial, "x", 1, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "more bytes arrive than the 12*");
}

static void
test_too_little (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciPartial) partial = open_partial (self);
  write_text (partial, "twelve");
  g_assert_false (oci_partial_finish (partial, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT, "the content has 6 bytes*");
}

/* A file that is longer than the blob is not its beginning. */
static void
test_oversized_leftover (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  OciDigestHex hex;
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_build_filename (self->dir.path, "partial", NULL);
  g_autofree char *path =
      g_build_filename (directory, oci_digest_hex (&self->blob->digest, hex), NULL);
  g_assert_true (oci_make_dirs (AT_FDCWD, directory, 0755, &error));
  g_assert_true (g_file_set_contents (path, "much more than twelve bytes", -1, &error));
  g_autoptr (OciPartial) partial = open_partial (self);
  g_assert_cmpuint (oci_partial_size (partial), ==, 0);
  write_text (partial, text);
  g_assert_true (oci_partial_finish (partial, &error));
}

/* Locks belong to open files, so a second descriptor in this process is like another process. */
static void
test_two_at_once (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciPartial) first = open_partial (self);
  write_text (first, "twelve");
  g_autoptr (OciPartial) second = open_partial (self);
  g_assert_cmpuint (oci_partial_size (second), ==, 0);
  write_text (second, text);
  g_assert_true (oci_partial_finish (second, &error));
  write_text (first, " bytes");
  g_assert_true (oci_partial_finish (first, &error));
  g_assert_no_error (error);
  g_assert_true (has_blob (self->layout, &self->blob->digest, NULL));
  g_assert_cmpuint (count_leftovers (self), ==, 0);
}

static void
test_restart_and_remove (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciPartial *partial = open_partial (self);
  write_text (partial, "garbage");
  g_assert_true (oci_partial_restart (partial, &error));
  write_text (partial, text);
  oci_partial_free (partial);
  g_assert_cmpuint (count_leftovers (self), ==, 1);
  g_assert_true (oci_partial_remove_all (self->layout, &error));
  g_assert_cmpuint (count_leftovers (self), ==, 0);
  g_assert_true (oci_partial_remove_all (self->layout, &error));
}

static OciPartial *
open_unsized (Fixture *self, uint64_t max_bytes)
{
  g_autoptr (GError) error = NULL;
  OciPartial *partial =
      oci_partial_open_unsized (self->layout, &self->blob->digest, max_bytes, &error);
  g_assert_no_error (error);
  return partial;
}

static void
test_unsized (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciPartial *first = open_unsized (self, 100);
  write_text (first, "twelve");
  oci_partial_free (first);
  g_autoptr (OciPartial) second = open_unsized (self, 100);
  g_assert_cmpuint (oci_partial_size (second), ==, 6);
  g_assert_false (oci_partial_finish (second, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CORRUPT,
                "the content has 6 bytes and the digest sha256:*, expected sha256:*");
  g_clear_error (&error);
  write_text (second, text);
  g_assert_true (oci_partial_finish (second, &error));
  g_assert_no_error (error);
  g_assert_true (has_blob (self->layout, &self->blob->digest, NULL));
}

static void
test_unsized_limit (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciPartial *first = open_unsized (self, 100);
  write_text (first, text);
  g_assert_false (oci_partial_write (first, text, 89, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_LIMIT, "more bytes arrive than the 100 that are*");
  oci_partial_free (first);
  /* A leftover that is larger than the limit is not a beginning. */
  g_autoptr (OciPartial) second = open_unsized (self, 5);
  g_assert_cmpuint (oci_partial_size (second), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/partial/continue", test_continue);
  ADD ("/partial/wrong-content", test_wrong_content);
  ADD ("/partial/too-much", test_too_much);
  ADD ("/partial/too-little", test_too_little);
  ADD ("/partial/oversized-leftover", test_oversized_leftover);
  ADD ("/partial/two-at-once", test_two_at_once);
  ADD ("/partial/unsized", test_unsized);
  ADD ("/partial/unsized-limit", test_unsized_limit);
  ADD ("/partial/restart-and-remove", test_restart_and_remove);
  return g_test_run ();
}
