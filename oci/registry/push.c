#include "oci/registry/push.h"

#include "oci/registry/failure.h"
#include "oci/registry/upload.h"

#include <string.h>

#define ACCEPT_MANIFEST                                                                            \
  "Accept: " OCI_MEDIA_TYPE_MANIFEST ", " OCI_MEDIA_TYPE_DOCKER_MANIFEST ", " OCI_MEDIA_TYPE_INDEX \
  ", " OCI_MEDIA_TYPE_DOCKER_LIST

/* One push under way. */
typedef struct
{
  OciRegistry *registry;
  OciLayout *layout;
  const OciPushOptions *options;
  char *name;   /* of the manifest: tag or digest */
  char *path;   /* of the manifest */
  GMutex mutex; /* guards @report while blobs are under way */
  OciPushReport report;
} Push;

static void
tell (const OciPushOptions *options, const OciDescriptor *blob, OciTransferState state,
      uint64_t done)
{
  if (options->progress != NULL)
    options->progress (options->progress_data, blob, state, done);
}

static void
count (Push *push, const OciDescriptor *blob, OciTransferState state)
{
  OciPushCount *counted = state == OCI_TRANSFER_EXISTS    ? &push->report.existing
                          : state == OCI_TRANSFER_MOUNTED ? &push->report.mounted
                                                          : &push->report.uploaded;
  g_mutex_lock (&push->mutex);
  counted->blobs++;
  counted->bytes += blob->size;
  g_mutex_unlock (&push->mutex);
}

/* A layer whose bytes stayed in another registry is fetched only when this one lacks it. */
static gboolean
provide (const Push *push, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  const OciPushOptions *options = push->options;
  gboolean found = options->provide == NULL;
  if (!found && !oci_layout_find_blob (push->layout, &blob->digest, &found, NULL, error))
    return FALSE;
  return found || options->provide (options->source_data, blob, stop, error);
}

static gboolean
push_blob (gpointer data, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  Push *push = data;
  const OciPushOptions *options = push->options;
  gboolean there = FALSE;
  OciTransferState state = OCI_TRANSFER_EXISTS;
  g_autofree char *location = NULL;
  const OciUpload upload = {
    .registry = push->registry,
    .layout = push->layout,
    .blob = blob,
    .source =
        options->find_source != NULL ? options->find_source (options->source_data, blob) : NULL,
    .progress = options->progress,
    .progress_data = options->progress_data,
  };
  if (!oci_upload_find (&upload, stop, &there, &state, &location, error))
    return FALSE;
  if (!there
      && (!provide (push, blob, stop, error)
          || !oci_upload_send (&upload, location, stop, &state, error)))
    return FALSE;
  count (push, blob, state);
  tell (options, blob, state, blob->size);
  return TRUE;
}

/* The digest that a manifest in the registry has, by its header or else by its bytes. */
static gboolean
names_digest (const OciHttpResponse *response, const OciDigest *digest)
{
  OciDigest received;
  if (!oci_registry_response_digest (response, &received))
    received = oci_digest_of_bytes (response->body);
  return oci_digest_equal (&received, digest);
}

/* Whether the name leads to our manifest already, as far as the registry says it. */
static gboolean
find_manifest (Push *push, GCancellable *cancellable, gboolean *out_same, gboolean *out_missing,
               GError **error)
{
  g_autofree char *what = g_strdup_printf ("looking for the manifest %s", push->name);
  OciDigest named;
  OciRegistryAnswer answer = OCI_REGISTRY_UNKNOWN;
  g_autoptr (OciHttpResponse) existing = NULL;
  const OciRegistryQuestion question = {
    .path = push->path, .accept = ACCEPT_MANIFEST, .what = what, .notice = error != NULL
  };
  if (!oci_registry_ask (push->registry, &question, cancellable, &answer, &existing, error))
    return FALSE;
  *out_missing = answer != OCI_REGISTRY_EXISTS;
  if (existing != NULL && !oci_registry_response_digest (existing, &named)
      && g_bytes_get_size (existing->body) == 0)
    {
      static const char *const headers[] = { ACCEPT_MANIFEST, NULL };
      OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", push->path);
      request.headers = headers;
      oci_http_response_free (existing);
      existing = oci_registry_send (push->registry, &request, cancellable, error);
      if (existing == NULL)
        return FALSE;
    }
  *out_same = existing != NULL && names_digest (existing, &push->report.digest);
  return TRUE;
}

/* No such manifest: perhaps there is no such repository either, which only the body of a GET tells.
 */
static gboolean
create_repository (Push *push, GCancellable *cancellable, GError **error)
{
  static const char *const headers[] = { ACCEPT_MANIFEST, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", push->path);
  request.headers = headers;
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, cancellable, error);
  if (response == NULL)
    return FALSE;
  return !oci_registry_failure_has_code (response, "NAME_UNKNOWN")
         || oci_registry_create_repository (push->registry, cancellable, &push->report.created,
                                            error);
}

static gboolean
put_manifest (Push *push, const char *media_type, GBytes *raw, GCancellable *cancellable,
              GError **error)
{
  g_autofree char *what = g_strdup_printf ("storing the manifest %s", push->name);
  g_autofree char *type = g_strconcat ("Content-Type: ", media_type, NULL);
  const char *const headers[] = { type, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("PUT", push->path);
  request.headers = headers;
  request.body = raw;
  g_autoptr (OciHttpResponse) response =
      oci_registry_send (push->registry, &request, cancellable, error);
  if (response == NULL)
    {
      g_prefix_error (error, "%s: ", what);
      return FALSE;
    }
  if (response->status / 100 == 2) /* distribution-spec: 201; some have said 200 and 202 */
    return oci_upload_check_digest (response, &push->report.digest, what, error);
  /* An immutable tag refuses even what it names already: somebody else may have been quicker, or
   * the answer to an attempt before this one was lost. */
  gboolean same = FALSE, missing = FALSE;
  if (response->status >= 400 && response->status < 500
      && find_manifest (push, cancellable, &same, &missing, NULL) && same)
    return TRUE;
  return oci_registry_fail (push->registry, response, what, error);
}

static gboolean
push_blobs (Push *push, const OciManifest *manifest, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) blobs = g_ptr_array_new (); /* borrowed from @manifest */
  g_ptr_array_add (blobs, manifest->config);
  for (guint i = 0; i < manifest->layers->len; i++)
    g_ptr_array_add (blobs, manifest->layers->pdata[i]);
  return oci_transfer_blobs (blobs, push->options->jobs, push_blob, push, cancellable, error);
}

static gboolean
push_all (Push *push, const OciDescriptor *descriptor, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) raw =
      oci_layout_read_blob (push->layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciManifest) manifest =
      raw != NULL ? oci_manifest_parse ("manifest", raw, error) : NULL;
  gboolean missing = FALSE;
  if (manifest == NULL
      || !find_manifest (push, cancellable, &push->report.unchanged, &missing, error))
    return FALSE;
  if (push->report.unchanged)
    return TRUE;
  if (missing && push->options->create_repository && !create_repository (push, cancellable, error))
    return FALSE;
  return push_blobs (push, manifest, cancellable, error)
         && put_manifest (push, manifest->media_type, raw, cancellable, error);
}

gboolean
oci_registry_push (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                   const OciPushOptions *options, GCancellable *cancellable,
                   OciPushReport *out_report, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  OciDigestText text;
  oci_digest_text (&manifest->digest, text);
  g_autofree char *name = g_strdup (options->tag != NULL ? options->tag : text);
  g_autofree char *below = g_strconcat ("manifests/", name, NULL);
  g_autofree char *path = oci_registry_path (self, below);
  Push push = {
    .registry = self, .layout = layout, .options = options, .name = name, .path = path
  };
  push.report.digest = manifest->digest;
  g_mutex_init (&push.mutex);
  gboolean ok = push_all (&push, manifest, cancellable, error);
  g_mutex_clear (&push.mutex);
  if (ok)
    *out_report = push.report;
  return ok;
}

gboolean
oci_registry_push_index (OciRegistry *self, const OciDescriptor *descriptor, GBytes *raw,
                         const OciPushOptions *options, GCancellable *cancellable,
                         OciPushReport *out_report, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  OciDigestText text;
  gboolean missing = FALSE;
  oci_digest_text (&descriptor->digest, text);
  g_autofree char *name = g_strdup (options->tag != NULL ? options->tag : text);
  g_autofree char *below = g_strconcat ("manifests/", name, NULL);
  g_autofree char *path = oci_registry_path (self, below);
  Push push = { .registry = self, .options = options, .name = name, .path = path };
  push.report.digest = descriptor->digest;
  if (!find_manifest (&push, cancellable, &push.report.unchanged, &missing, error)
      || (!push.report.unchanged
          && !put_manifest (&push, descriptor->media_type, raw, cancellable, error)))
    return FALSE;
  *out_report = push.report;
  return TRUE;
}
