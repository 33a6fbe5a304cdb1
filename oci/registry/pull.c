#include "oci/registry/pull.h"

#include "oci/image-config.h"
#include "oci/image.h"
#include "oci/registry/resume.h"

#include <string.h>

static void
tell (OciTransferProgress progress, gpointer data, const OciDescriptor *blob,
      OciTransferState state, uint64_t done)
{
  if (progress != NULL)
    progress (data, blob, state, done);
}

/* Source of a blob. */
typedef struct
{
  OciRegistry *registry;
  char *path;
} BlobSource;

static OciHttpResponse *
send_blob_request (gpointer data, const char *const *headers, const OciHttpReceiver *receiver,
                   GCancellable *cancellable, GError **error)
{
  const BlobSource *self = data;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", self->path);
  request.headers = headers;
  request.receiver = receiver;
  return oci_registry_send_once (self->registry, &request, cancellable, error);
}

static gboolean
refuse_blob (gpointer data, const OciHttpResponse *response, const char *what, GError **error)
{
  const BlobSource *self = data;
  return oci_registry_fail (self->registry, response, what, error);
}

gboolean
oci_registry_fetch_blob (OciRegistry *self, OciLayout *layout, const OciDescriptor *blob,
                         OciTransferProgress progress, gpointer progress_data,
                         GCancellable *cancellable, GError **error)
{
  OciDigestText text;
  OciDigestHex hex;
  g_autofree char *what =
      g_strdup_printf ("downloading the blob sha256:%.12s…", oci_digest_hex (&blob->digest, hex));
  g_autofree char *below = g_strconcat ("blobs/", oci_digest_text (&blob->digest, text), NULL);
  g_autofree char *path = oci_registry_path (self, below);
  BlobSource blob_source = { .registry = self, .path = path };
  const OciResumeSource source = { .what = what,
                                   .peer = "the registry",
                                   .send = send_blob_request,
                                   .refuse = refuse_blob,
                                   .data = &blob_source,
                                   .retry = oci_registry_retry (self) };
  return oci_resume_fetch (&source, layout, blob, progress, progress_data, cancellable, error);
}

#define ACCEPT                                                                                     \
  "Accept: " OCI_MEDIA_TYPE_MANIFEST ", " OCI_MEDIA_TYPE_DOCKER_MANIFEST ", " OCI_MEDIA_TYPE_INDEX \
  ", " OCI_MEDIA_TYPE_DOCKER_LIST

/* Whether the text is HTML or XML, which no document of a registry is. */
static gboolean
is_page (GBytes *body)
{
  gsize size = 0, at = 0;
  const char *text = g_bytes_get_data (body, &size);
  while (at < size && g_ascii_isspace (text[at]))
    at++;
  return at < size && text[at] == '<';
}

/* GET of a manifest or index. @expected: (nullable): its digest. @out_type: (out) (nullable): its
 * Content-Type */
static GBytes *
request_document (OciRegistry *self, const char *name, const OciDigest *expected,
                  GCancellable *cancellable, char **out_type, GError **error)
{
  static const char *const headers[] = { ACCEPT, NULL };
  OciDigest header, digest;
  g_autofree char *what = g_strdup_printf ("fetching the manifest %s", name);
  g_autofree char *below = g_strconcat ("manifests/", name, NULL);
  g_autofree char *path = oci_registry_path (self, below);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", path);
  request.headers = headers;
  g_autoptr (OciHttpResponse) response = oci_registry_send (self, &request, cancellable, error);
  if (response == NULL)
    {
      g_prefix_error (error, "%s: ", what);
      return NULL;
    }
  if (response->status != 200)
    {
      oci_registry_fail (self, response, what, error);
      return NULL;
    }
  if (is_page (response->body))
    {
      oci_throw (error, OCI_ERROR_NETWORK,
                 "%s: the answer is a web page: a proxy or a login page answers in place of the "
                 "registry",
                 what);
      return NULL;
    }
  if (expected == NULL && oci_registry_response_digest (response, &header))
    expected = &header;
  digest = oci_digest_of_bytes (response->body);
  if (expected == NULL || oci_digest_equal (expected, &digest))
    {
      *out_type = g_strdup (oci_http_response_header (response, "content-type"));
      return g_bytes_ref (response->body);
    }
  OciDigestHex hex, wanted;
  oci_throw (error, OCI_ERROR_CORRUPT,
             "%s: the content has the digest sha256:%s, expected "
             "sha256:%s",
             what, oci_digest_hex (&digest, hex), oci_digest_hex (expected, wanted));
  return NULL;
}

/* Returns a manifest or index in @layout, fetched if it is missing. @expected: (nullable) */
static OciDescriptor *
fetch_document (OciRegistry *self, OciLayout *layout, const char *name, const OciDigest *expected,
                GCancellable *cancellable, GError **error)
{
  OciDigest digest;
  OciDigestText text;
  uint64_t size = 0;
  g_autoptr (GBytes) raw = NULL;
  g_autofree char *announced = NULL;
  gboolean found = FALSE;
  if (expected != NULL && !oci_layout_find_blob (layout, expected, &found, &size, error))
    return NULL;
  if (found)
    {
      g_autoptr (OciDescriptor) known =
          oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, expected, size);
      raw = oci_layout_read_blob (layout, known, OCI_MANIFEST_MAX_BYTES, NULL);
      if (raw == NULL && !oci_layout_remove_blob (layout, expected, error)) /* it is damaged */
        return NULL;
    }
  if (raw == NULL)
    raw = request_document (self, name, expected, cancellable, &announced, error);
  if (raw == NULL)
    return NULL;
  digest = oci_digest_of_bytes (raw);
  g_autofree char *called = g_strconcat ("the manifest ", oci_digest_text (&digest, text), NULL);
  g_autofree char *type = oci_manifest_document_type (called, raw, announced, error);
  if (type == NULL || !oci_layout_put_blob (layout, raw, &digest, error))
    return NULL;
  return oci_descriptor_new (type, &digest, g_bytes_get_size (raw));
}

/* Fetches a config unless it is in @layout. */
static gboolean
fetch_config (OciRegistry *self, OciLayout *layout, const OciDescriptor *config,
              GCancellable *cancellable, GError **error)
{
  if (config->size > OCI_IMAGE_CONFIG_MAX_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "the config has %" G_GUINT64_FORMAT " bytes, the limit is %d", config->size,
                      OCI_IMAGE_CONFIG_MAX_BYTES);
  gboolean found = FALSE;
  if (!oci_layout_find_blob (layout, &config->digest, &found, NULL, error))
    return FALSE;
  if (found && oci_layout_verify_blob (layout, config, NULL))
    return TRUE;
  return oci_registry_fetch_blob (self, layout, config, NULL, NULL, cancellable, error);
}

/* Source of an image's documents while it is chosen from an index. */
typedef struct
{
  OciRegistry *registry;
  OciLayout *layout;
  GCancellable *cancellable;
} Documents;

static gboolean
provide_document (gpointer data, const OciDescriptor *document, gboolean is_config, GError **error)
{
  const Documents *self = data;
  OciDigestText text;
  if (is_config)
    return fetch_config (self->registry, self->layout, document, self->cancellable, error);
  g_autoptr (OciDescriptor) found =
      fetch_document (self->registry, self->layout, oci_digest_text (&document->digest, text),
                      &document->digest, self->cancellable, error);
  return found != NULL;
}

/* Fetches the document that the reference of @self names. */
static OciDescriptor *
fetch_named (OciRegistry *self, OciLayout *layout, GCancellable *cancellable, GError **error)
{
  OciDigestText text;
  const OciReference *reference = oci_registry_reference (self);
  const char *name = reference->has_digest    ? oci_digest_text (&reference->digest, text)
                     : reference->tag != NULL ? reference->tag
                                              : "latest";
  return fetch_document (self, layout, name, reference->has_digest ? &reference->digest : NULL,
                         cancellable, error);
}

OciDescriptor *
oci_registry_fetch_document (OciRegistry *self, OciLayout *layout, GCancellable *cancellable,
                             GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  return fetch_named (self, layout, cancellable, error);
}

OciDescriptor *
oci_registry_fetch_manifest (OciRegistry *self, OciLayout *layout, const OciPlatform *platform,
                             GCancellable *cancellable, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  Documents documents = { .registry = self, .layout = layout, .cancellable = cancellable };
  g_autoptr (OciDescriptor) found = fetch_named (self, layout, cancellable, error);
  g_autoptr (OciDescriptor) image =
      found != NULL
          ? oci_image_find_manifest (layout, found, platform, provide_document, &documents, error)
          : NULL;
  g_autoptr (OciManifest) manifest = NULL;
  if (image == NULL || !oci_image_read (layout, image, &manifest, NULL, error)
      || !fetch_config (self, layout, manifest->config, cancellable, error))
    return NULL;
  return g_steal_pointer (&image);
}

static gboolean
check_artifact (const OciManifest *manifest, const char *type, const char *config_type,
                GError **error)
{
  if (g_strcmp0 (manifest->artifact_type, type) == 0
      && strcmp (manifest->config->media_type, config_type) == 0)
    return TRUE;
  g_autofree char *quoted = oci_quote (
      manifest->artifact_type != NULL ? manifest->artifact_type : manifest->config->media_type);
  return oci_throw (error, OCI_ERROR_FORMAT, "it is of the type %s, expected %s", quoted, type);
}

OciManifest *
oci_registry_fetch_artifact (OciRegistry *self, OciLayout *layout, const char *tag,
                             const char *type, const char *config_type, GCancellable *cancellable,
                             GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciDescriptor) found = fetch_document (self, layout, tag, NULL, cancellable, error);
  if (found == NULL || !oci_image_read (layout, found, &manifest, NULL, error)
      || !check_artifact (manifest, type, config_type, error)
      || !fetch_config (self, layout, manifest->config, cancellable, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

/* One pull in progress. */
typedef struct
{
  OciRegistry *registry;
  OciLayout *layout;
  const OciPullOptions *options;
  GMutex mutex; /* guards @report */
  OciPullReport report;
} Pull;

static gboolean
pull_blob (gpointer data, const OciDescriptor *blob, GCancellable *stop, GError **error)
{
  Pull *self = data;
  gboolean exists = FALSE;
  if (!oci_layout_find_blob (self->layout, &blob->digest, &exists, NULL, error))
    return FALSE;
  exists = exists && oci_layout_verify_blob (self->layout, blob, NULL);
  if (exists)
    tell (self->options->progress, self->options->progress_data, blob, OCI_TRANSFER_EXISTS,
          blob->size);
  else if (!oci_registry_fetch_blob (self->registry, self->layout, blob, self->options->progress,
                                     self->options->progress_data, stop, error))
    return FALSE;
  g_mutex_lock (&self->mutex);
  self->report.blobs_existing += exists ? 1 : 0;
  self->report.bytes_existing += exists ? blob->size : 0;
  self->report.blobs_downloaded += exists ? 0 : 1;
  self->report.bytes_downloaded += exists ? 0 : blob->size;
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

/* Layers unpack to at least their own size, so that limit is applied before the first byte is
 * requested. */
static gboolean
check_sizes (const OciLayout *layout, const OciManifest *manifest, GError **error)
{
  const uint64_t max = oci_layout_unpack_budget (layout).limits.bytes;
  uint64_t total = 0;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const OciDescriptor *layer = manifest->layers->pdata[i];
      if (layer->size > max - total)
        return oci_throw (error, OCI_ERROR_LIMIT,
                          "its layers are announced with over %" G_GUINT64_FORMAT
                          " bytes; ‘limits.unpacked_size’ of the profile sets the limit",
                          max);
      total += layer->size;
    }
  return TRUE;
}

gboolean
oci_registry_pull_layers (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                          const OciPullOptions *options, GCancellable *cancellable,
                          OciPullReport *out_report, GError **error)
{
  const OciReference *reference = oci_registry_reference (self);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  g_autoptr (OciManifest) document = NULL;
  if (!oci_image_read (layout, manifest, &document, NULL, error)
      || !check_sizes (layout, document, error))
    return FALSE;
  g_autoptr (GPtrArray) blobs = g_ptr_array_new ();
  for (guint i = 0; i < document->layers->len; i++)
    g_ptr_array_add (blobs, document->layers->pdata[i]);
  Pull pull = { .registry = self, .layout = layout, .options = options };
  g_mutex_init (&pull.mutex);
  gboolean ok = oci_transfer_blobs (blobs, options->jobs, pull_blob, &pull, cancellable, error);
  g_mutex_clear (&pull.mutex);
  if (ok && out_report != NULL)
    *out_report = pull.report;
  return ok;
}
