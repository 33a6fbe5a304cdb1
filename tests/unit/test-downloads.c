/* STORE/downloads, pulled commits, and what --offline leaves of a remote. */
#include "builder/image/source-image.h"
#include "builder/remote/download.h"
#include "builder/remote/ostree.h"
#include "builder/store/downloads.h"
#include "builder/store/fsck.h"
#include "builder/store/gc.h"
#include "builder/store/open.h"
#include "builder/store/pulled.h"

#include "oci/image-config.h"

#include "testing.h"

static const char content[] = "a file from a web server";

typedef struct
{
  TestDir dir;
  TerraneStore *store; /* NULL: the file system holds none */
  OciDigest digest;    /* of @content */
  TerraneProgress progress;
  TerraneRemote *remote; /* offline */
} Fixture;

static void
set_up (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  self->dir = test_dir_new ();
  self->digest = oci_digest_of (content, strlen (content));
  if (!test_dir_holds_stores (&self->dir))
    return;
  g_autofree char *path = test_dir_file (&self->dir, "store");
  self->store = terrane_store_open (path, TERRANE_STORE_EXCLUSIVE, &error);
  g_assert_no_error (error);
  const TerraneRemoteOptions options = { .offline = TRUE, .jobs = 2, .progress = &self->progress };
  self->remote = terrane_remote_new (self->store, &options);
}

static void
tear_down (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  terrane_remote_free (self->remote);
  terrane_store_free (self->store);
  test_dir_clear (&self->dir);
}

static void
put_content (Fixture *self)
{
  OciDigest digest;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (content, strlen (content));
  g_assert_true (
      oci_layout_put_blob (terrane_store_downloads (self->store), bytes, &digest, &error));
  g_assert_no_error (error);
  g_assert_true (oci_digest_equal (&digest, &self->digest));
}

static char *
blob_path (Fixture *self)
{
  OciDigestHex hex;
  return g_build_filename (self->dir.path, "store/downloads/blobs/sha256",
                           oci_digest_hex (&self->digest, hex), NULL);
}

static void
make_old (Fixture *self, gint64 days)
{
  g_autofree char *path = blob_path (self);
  struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = 0 } };
  times[1].tv_sec = (time_t) (g_get_real_time () / G_USEC_PER_SEC - days * 24 * 60 * 60);
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
}

static gboolean
has_download (const Fixture *self)
{
  g_autoptr (GError) error = NULL;
  gboolean found = FALSE;
  g_assert_true (terrane_downloads_find (self->store, &self->digest, &found, &error));
  return found;
}

static void
test_open (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (OciFd) fd = -1;
  char buffer[100];
  size_t got = 0;
  if (self->store == NULL)
    return;
  g_assert_false (has_download (self));
  g_assert_false (terrane_downloads_open_blob (self->store, &self->digest, &fd, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the blob sha256:*");
  g_clear_error (&error);
  put_content (self);
  g_assert_true (terrane_downloads_open_blob (self->store, &self->digest, &fd, &error));
  g_assert_true (oci_read_full (fd, buffer, sizeof buffer, &got, &error));
  g_assert_cmpuint (got, ==, strlen (content));
  g_assert_true (memcmp (buffer, content, got) == 0);
}

static void
test_sweep (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  TerraneGcReport report = { 0 };
  if (self->store == NULL)
    return;
  put_content (self);
  make_old (self, TERRANE_DOWNLOADS_KEEP_DAYS - 1);
  g_assert_true (terrane_gc (self->store, &report, &error));
  g_assert_cmpuint (report.downloads, ==, 0);
  make_old (self, TERRANE_DOWNLOADS_KEEP_DAYS + 1);
  g_assert_true (has_download (self)); /* which is a use */
  g_assert_true (terrane_gc (self->store, &report, &error));
  g_assert_cmpuint (report.downloads, ==, 0);
  make_old (self, TERRANE_DOWNLOADS_KEEP_DAYS + 1);
  g_assert_true (terrane_gc (self->store, &report, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (report.downloads, ==, 1);
  g_assert_cmpuint (report.bytes, >=, strlen (content));
  g_assert_false (has_download (self));
}

static void
note_problem (gpointer data, const char *problem)
{
  g_assert_true (g_str_has_prefix (problem, "download sha256:"));
  (*(guint *) data)++;
}

static void
test_fsck (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint noted = 0, problems = 0, unread = 0;
  if (self->store == NULL)
    return;
  put_content (self);
  g_autofree char *path = blob_path (self);
  g_assert_cmpint (truncate (path, 3), ==, 0);
  g_assert_true (
      terrane_fsck (self->store, FALSE, note_problem, &noted, &problems, &unread, &error));
  g_assert_cmpuint (problems, ==, 1);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_assert_false (has_download (self)); /* what is damaged is fetched again */
  g_assert_true (
      terrane_fsck (self->store, TRUE, note_problem, &noted, &problems, &unread, &error));
  g_assert_cmpuint (noted, ==, 2);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_pulled (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciDigest found;
  if (self->store == NULL)
    return;
  g_assert_false (terrane_pulled_find (self->store, "https://h.io/repo", "a/b", &found));
  g_assert_true (
      terrane_pulled_note (self->store, "https://h.io/repo", "a/b", &self->digest, &error));
  g_assert_no_error (error);
  g_assert_true (terrane_pulled_find (self->store, "https://h.io/repo", "a/b", &found));
  g_assert_true (oci_digest_equal (&found, &self->digest));
  g_assert_false (terrane_pulled_find (self->store, "https://h.io/other", "a/b", &found));
  gboolean whole = TRUE;
  g_assert_true (terrane_pulled_find_commit (self->store, &self->digest, &whole, &error));
  g_assert_false (whole);
}

static void
test_offline_sources (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  OciDigest commit;
  const TerraneDownload item = { .url = "https://user:secret@h.invalid/f?secret",
                                 .label = "f",
                                 .sha256 = self->digest };
  if (self->store == NULL)
    return;
  g_assert_false (terrane_remote_download (self->remote, &item, 1, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "--offline: ‘https://…@h.invalid/f’ is not in the store");
  g_clear_error (&error);
  put_content (self);
  g_assert_true (terrane_remote_download (self->remote, &item, 1, &error));
  g_assert_no_error (error);

  g_assert_false (terrane_remote_resolve_ostree (self->remote, "https://h.invalid/repo", "a/b",
                                                 &commit, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "the ref ‘a/b’: --offline: only *; a lock*");
  g_clear_error (&error);
  g_assert_false (
      terrane_remote_pull_ostree (self->remote, "https://h.invalid/repo", &self->digest, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "--offline: the commit * not in the store");
}

static const OciPlatform amd64 = { .os = "linux", .architecture = "amd64" };

/* An image without layers. */
static OciDescriptor *
put_image (Fixture *self)
{
  static const char config[] = "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
                               "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
  g_autoptr (GError) error = NULL;
  OciDigest digest;
  OciDigestHex hex;
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (GBytes) config_bytes = g_bytes_new_static (config, strlen (config));
  g_assert_true (oci_layout_put_blob (layout, config_bytes, &digest, &error));
  g_autofree char *text = g_strdup_printf (
      "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\",\"config\":{"
      "\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:%s\","
      "\"size\":%zu},\"layers\":[]}",
      oci_digest_hex (&digest, hex), strlen (config));
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_assert_true (oci_layout_put_blob (layout, bytes, &digest, &error));
  g_assert_no_error (error);
  return oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, &digest, strlen (text));
}

static void
test_offline_images (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciReference) tag = oci_reference_parse ("docker://h.invalid/app:v1", &error);
  g_autoptr (OciReference) digest = oci_reference_copy (tag);
  if (self->store == NULL)
    return;
  g_assert_null (terrane_remote_fetch_manifest (self->remote, tag, &amd64, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "--offline: only the registry knows which image docker://h.invalid/app:v1 is*");
  g_clear_error (&error);
  digest->has_digest = TRUE;
  digest->digest = self->digest;
  g_assert_null (terrane_remote_fetch_manifest (self->remote, digest, &amd64, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "--offline: docker://h.invalid/app*@sha256:* is not in the store");
  g_clear_error (&error);

  g_autoptr (OciDescriptor) image = put_image (self);
  digest->digest = image->digest;
  g_autoptr (OciDescriptor) found =
      terrane_remote_fetch_manifest (self->remote, digest, &amd64, &error);
  g_assert_no_error (error);
  g_assert_true (oci_digest_equal (&found->digest, &image->digest));
  g_assert_true (terrane_remote_pull_layers (self->remote, digest, image, NULL, &error));
  OciPushReport report;
  g_assert_false (terrane_remote_push (self->remote, terrane_store_layout (self->store), image, tag,
                                       NULL, FALSE, &report, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "--offline: nothing can be pushed*");
}

/* The lock's digest is used instead of the tag, which the annotation of the base keeps. */
static void
test_locked_image (Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  char where[] = "p.json: base";
  char name[] = "docker://h.invalid/app:v1";
  TerraneProfile profile = { .platform = amd64 };
  const TerraneSourceSpec spec = { .where = where, .kind = TERRANE_SOURCE_IMAGE, .image = name };
  TerranePin pin = { .spec = &spec };
  g_autoptr (GError) error = NULL;
  if (self->store == NULL)
    return;
  const TerraneSourceContext context = { .store = self->store,
                                         .remote = self->remote,
                                         .profile = &profile,
                                         .jobs = 1,
                                         .progress = &self->progress };
  g_autoptr (OciDescriptor) stored = put_image (self);
  g_assert_null (terrane_source_image_open (&context, &pin, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "p.json: base.image: --offline: only *");
  g_clear_error (&error);
  pin.has_digest = TRUE;
  pin.digest = stored->digest;
  g_autoptr (TerraneOpenImage) image = terrane_source_image_open (&context, &pin, &error);
  g_assert_no_error (error);
  g_assert_true (oci_digest_equal (&image->descriptor->digest, &stored->digest));
  g_autofree char *base_name = terrane_source_image_name (image);
  g_assert_cmpstr (base_name, ==, "h.invalid/app:v1");
}

/* Below all of that: the client itself. */
static void
test_offline_client (G_GNUC_UNUSED Fixture *self, G_GNUC_UNUSED gconstpointer data)
{
  const OciHttpOptions options = { .user_agent = "test", .offline = TRUE };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&options);
  g_autoptr (GError) error = NULL;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", "http://127.0.0.1:9/");
  g_assert_null (oci_http_client_send (client, &request, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_DENIED, "--offline: 127.0.0.1 is not asked");
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/downloads/open", test_open);
  ADD ("/downloads/sweep", test_sweep);
  ADD ("/downloads/fsck", test_fsck);
  ADD ("/downloads/pulled", test_pulled);
  ADD ("/downloads/offline-sources", test_offline_sources);
  ADD ("/downloads/offline-images", test_offline_images);
  ADD ("/downloads/locked-image", test_locked_image);
  ADD ("/downloads/offline-client", test_offline_client);
  return g_test_run ();
}
