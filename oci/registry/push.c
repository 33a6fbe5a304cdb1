#include "oci/registry/push.h"

#include "oci/registry/url.h"

#include <string.h>

#define CONTENT_DIGEST "docker-content-digest"
#define ACCEPT_MANIFEST                                                                            \
  "Accept: " OCI_MEDIA_TYPE_MANIFEST ", " OCI_MEDIA_TYPE_DOCKER_MANIFEST ", " OCI_MEDIA_TYPE_INDEX \
  ", " OCI_MEDIA_TYPE_DOCKER_LIST

/* One push under way. */
typedef struct
{
  OciRegistry *registry;
  OciLayout *layout;
  const OciPushOptions *options;
  GCancellable *stop; /* by the user, or by the first failure */
  GMutex mutex;       /* guards what follows while blobs are under way */
  GError *failure;    /* (nullable): the first one */
  OciPushReport report;
} Push;

/* What the upload of one blob tells the progress callback. */
typedef struct
{
  const OciPushOptions *options;
  const OciDescriptor *blob;
} Upload;

static void
tell (const OciPushOptions *options, const OciDescriptor *blob, OciTransferState state,
      uint64_t done)
{
  if (options->progress != NULL)
    options->progress (options->progress_data, &blob->digest, state, done, blob->size);
}

static void
tell_sent (gpointer data, uint64_t sent)
{
  const Upload *upload = data;
  tell (upload->options, upload->blob, OCI_TRANSFER_UPLOADING, sent);
}

/* A registry that names another digest than ours has stored something else. */
static gboolean
check_content_digest (const OciHttpResponse *response, const OciDigest *expected, const char *what,
                      GError **error)
{
  OciDigestText text;
  const char *stored = oci_http_response_header (response, CONTENT_DIGEST);
  if (stored == NULL || strcmp (stored, oci_digest_text (expected, text)) == 0)
    return TRUE;
  g_autofree char *quoted = oci_quote (stored);
  return oci_throw (error, OCI_ERROR_CORRUPT, "%s: the registry stored %s instead of %s", what,
                    quoted, text);
}

/* POST: where the blob shall be sent to. Returns: (transfer full) (nullable) */
static char *
start_upload (Push *push, const OciDigest *digest, const char *what, GError **error)
{
  g_autofree char *path = oci_registry_path (push->registry, "blobs/uploads/");
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", path);
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, push->stop, error);
  if (response == NULL)
    return NULL;
  const char *location = oci_http_response_header (response, "location");
  if (response->status != 202 || location == NULL)
    {
      oci_registry_fail (push->registry, response, what, error);
      return NULL;
    }
  OciDigestText text;
  g_autofree char *url = oci_url_resolve (response->url, location, error);
  if (url == NULL)
    return NULL;
  if (g_str_has_prefix (response->url, "https:") && !g_str_has_prefix (url, "https:"))
    {
      g_autofree char *quoted = oci_quote (url);
      oci_throw (error, OCI_ERROR_DENIED,
                 "%s: the registry wants the upload at %s, without encryption; behind a proxy it "
                 "must be told its https address",
                 what, quoted);
      return NULL;
    }
  return oci_url_add_query (url, "digest", oci_digest_text (digest, text), error);
}

static gboolean
upload_blob (Push *push, const OciDescriptor *blob, GError **error)
{
  static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
  OciDigestHex hex;
  g_autofree char *what =
      g_strdup_printf ("uploading the blob sha256:%.12s…", oci_digest_hex (&blob->digest, hex));
  g_auto (OciFd) fd = -1;
  if (!oci_layout_open_blob (push->layout, blob, &fd, error))
    return FALSE;
  g_autofree char *url = start_upload (push, &blob->digest, what, error);
  if (url == NULL)
    return FALSE;

  Upload upload = { .options = push->options, .blob = blob };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("PUT", url);
  request.headers = headers;
  request.body_fd = fd;
  request.body_size = blob->size;
  request.progress = tell_sent;
  request.progress_data = &upload;
  tell (push->options, blob, OCI_TRANSFER_UPLOADING, 0);
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, push->stop, error);
  if (response == NULL)
    {
      g_prefix_error (error, "%s: ", what);
      return FALSE;
    }
  if (response->status != 201 && response->status != 204)
    return oci_registry_fail (push->registry, response, what, error);
  return check_content_digest (response, &blob->digest, what, error);
}

static gboolean
push_blob (Push *push, const OciDescriptor *blob, GError **error)
{
  OciDigestText text;
  oci_digest_text (&blob->digest, text);
  g_autofree char *below = g_strconcat ("blobs/", text, NULL);
  g_autofree char *path = oci_registry_path (push->registry, below);
  g_autofree char *what = g_strdup_printf ("looking for the blob %.19s…", text);
  g_autoptr (OciHttpResponse) existing = NULL;
  if (!oci_registry_exists (push->registry, path, NULL, what, push->stop, &existing, error))
    return FALSE;
  gboolean exists = existing != NULL;
  if (!exists && !upload_blob (push, blob, error))
    return FALSE;

  g_mutex_lock (&push->mutex);
  push->report.blobs_existing += exists ? 1 : 0;
  push->report.bytes_existing += exists ? blob->size : 0;
  push->report.blobs_uploaded += exists ? 0 : 1;
  push->report.bytes_uploaded += exists ? 0 : blob->size;
  g_mutex_unlock (&push->mutex);
  tell (push->options, blob, exists ? OCI_TRANSFER_EXISTS : OCI_TRANSFER_DONE, blob->size);
  return TRUE;
}

static void
push_blob_in_thread (gpointer item, gpointer data)
{
  Push *push = data;
  g_autoptr (GError) local = NULL;
  if (g_cancellable_is_cancelled (push->stop))
    oci_throw (&local, OCI_ERROR_CANCELLED, "interrupted");
  else
    (void) push_blob (push, item, &local); /* kept below */
  if (local == NULL)
    return;
  g_mutex_lock (&push->mutex);
  if (push->failure == NULL)
    push->failure = g_steal_pointer (&local);
  g_mutex_unlock (&push->mutex);
  g_cancellable_cancel (push->stop);
}

static void
add_once (GPtrArray *blobs, OciDescriptor *blob)
{
  for (guint i = 0; i < blobs->len; i++)
    {
      const OciDescriptor *other = blobs->pdata[i];
      if (oci_digest_equal (&other->digest, &blob->digest))
        return;
    }
  g_ptr_array_add (blobs, blob);
}

/* Large ones first: what is left for the end is short. */
static int
compare_size (gconstpointer a, gconstpointer b)
{
  const OciDescriptor *x = *(const OciDescriptor *const *) a;
  const OciDescriptor *y = *(const OciDescriptor *const *) b;
  return (x->size < y->size) - (x->size > y->size);
}

static gboolean
push_blobs (Push *push, const OciManifest *manifest, GError **error)
{
  g_autoptr (GPtrArray) blobs = g_ptr_array_new (); /* borrowed from @manifest */
  add_once (blobs, manifest->config);
  for (guint i = 0; i < manifest->layers->len; i++)
    add_once (blobs, manifest->layers->pdata[i]);
  g_ptr_array_sort (blobs, compare_size);

  int threads = (int) CLAMP (push->options->jobs, 1, blobs->len);
  GThreadPool *pool = g_thread_pool_new (push_blob_in_thread, push, threads, FALSE, NULL);
  for (guint i = 0; i < blobs->len; i++)
    g_thread_pool_push (pool, blobs->pdata[i], NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  if (push->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&push->failure));
  return FALSE;
}

/* The digest that a manifest in the registry has, by its header or else by its bytes. */
static gboolean
names_digest (const OciHttpResponse *response, const OciDigest *digest)
{
  OciDigestText text;
  const char *header = oci_http_response_header (response, CONTENT_DIGEST);
  if (header != NULL)
    return strcmp (header, oci_digest_text (digest, text)) == 0;
  OciDigest received = oci_digest_of_bytes (response->body);
  return oci_digest_equal (&received, digest);
}

static gboolean
put_manifest (Push *push, const char *path, const char *name, const char *media_type, GBytes *raw,
              GError **error)
{
  g_autofree char *what = g_strdup_printf ("storing the manifest %s", name);
  g_autofree char *type = g_strconcat ("Content-Type: ", media_type, NULL);
  const char *const headers[] = { type, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("PUT", path);
  request.headers = headers;
  request.body = raw;
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, push->stop, error);
  if (response == NULL)
    {
      g_prefix_error (error, "%s: ", what);
      return FALSE;
    }
  if (response->status != 201)
    return oci_registry_fail (push->registry, response, what, error);
  return check_content_digest (response, &push->report.digest, what, error);
}

static gboolean
push_all (Push *push, const OciDescriptor *descriptor, GError **error)
{
  g_autoptr (GBytes) raw =
      oci_layout_read_blob (push->layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciManifest) manifest =
      raw != NULL ? oci_manifest_parse ("manifest", raw, error) : NULL;
  if (manifest == NULL)
    return FALSE;

  OciDigestText text;
  oci_digest_text (&descriptor->digest, text);
  push->report.digest = descriptor->digest;
  const char *name = push->options->tag != NULL ? push->options->tag : text;
  g_autofree char *below = g_strconcat ("manifests/", name, NULL);
  g_autofree char *path = oci_registry_path (push->registry, below);
  g_autofree char *what = g_strdup_printf ("looking for the manifest %s", name);
  g_autoptr (OciHttpResponse) existing = NULL;
  if (!oci_registry_exists (push->registry, path, ACCEPT_MANIFEST, what, push->stop, &existing,
                            error))
    return FALSE;
  push->report.unchanged = existing != NULL && names_digest (existing, &descriptor->digest);
  return push->report.unchanged
         || (push_blobs (push, manifest, error)
             && put_manifest (push, path, name, manifest->media_type, raw, error));
}

static void
forward_cancel (GCancellable *cancellable, GCancellable *stop)
{
  (void) cancellable;
  g_cancellable_cancel (stop);
}

gboolean
oci_registry_push (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                   const OciPushOptions *options, GCancellable *cancellable,
                   OciPushReport *out_report, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  Push push = { .registry = self, .layout = layout, .options = options, .stop = stop };
  g_mutex_init (&push.mutex);
  gulong handler =
      cancellable != NULL
          ? g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel), stop, NULL)
          : 0;
  gboolean ok = push_all (&push, manifest, error);
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, handler);
  g_mutex_clear (&push.mutex);
  if (ok)
    *out_report = push.report;
  return ok;
}
