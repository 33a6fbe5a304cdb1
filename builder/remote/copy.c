/* Copies images from registry to registry. */
#include "builder/remote/registries-conf.h"
#include "builder/remote/remote-private.h"
#include "builder/store/scratch.h"

#include "oci/image.h"

#include <fcntl.h>
#include <string.h>

typedef struct
{
  TerraneRemote *remote;
  OciRegistry *source;
  OciLayout *layout;      /* temporary, for layers on their way */
  const char *mount_from; /* (nullable) */
} Copy;

static const char *
find_source (gpointer data, G_GNUC_UNUSED const OciDescriptor *blob)
{
  const Copy *self = data;
  return self->mount_from;
}

static gboolean
provide (gpointer data, const OciDescriptor *blob, GCancellable *cancellable, GError **error)
{
  const Copy *self = data;
  const OciReference *reference = oci_registry_reference (self->source);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", reference->host, reference->repository);
  return oci_registry_fetch_blob (self->source, self->layout, blob, NULL, NULL, cancellable, error);
}

/* Removes a blob that has arrived. */
static void
on_transfer (gpointer data, const OciDescriptor *blob, OciTransferState state, uint64_t done)
{
  const Copy *self = data;
  if (state == OCI_TRANSFER_DONE)
    (void) oci_layout_remove_blob (self->layout, &blob->digest, NULL); /* temporary anyway */
  terrane_remote_on_transfer (self->remote, blob, state, done);
}

static gboolean
copy_document (OciLayout *from, const OciDescriptor *document, size_t max, OciLayout *to,
               GError **error)
{
  OciDigest digest;
  g_autoptr (GBytes) raw = oci_layout_read_blob (from, document, max, error);
  return raw != NULL && oci_layout_put_blob (to, raw, &digest, error);
}

static OciLayout *
make_layout (TerraneRemote *self, TerraneScratch *scratch, const OciDescriptor *manifest,
             OciManifest **out_document, GError **error)
{
  OciLayout *store = terrane_store_layout (self->store);
  if (!terrane_store_begin_write (self->store, error)
      || !terrane_scratch_make (scratch, self->store, "copy", error))
    return NULL;
  g_autoptr (OciLayout) layout = oci_layout_open (scratch->fd, "layout", TRUE, error);
  if (layout == NULL || !oci_image_read (store, manifest, out_document, NULL, error)
      || !copy_document (store, manifest, OCI_MANIFEST_MAX_BYTES, layout, error)
      || !copy_document (store, (*out_document)->config, OCI_IMAGE_CONFIG_MAX_BYTES, layout, error))
    return NULL;
  return g_steal_pointer (&layout);
}

gboolean
terrane_remote_copy (TerraneRemote *self, const OciReference *source, const OciDescriptor *manifest,
                     const OciReference *destination, gboolean create_repository,
                     OciPushReport *out_report, GError **error)
{
  if (self->options.offline)
    return oci_throw (error, OCI_ERROR_USAGE, "--offline: nothing can be copied to %s",
                      destination->host);
  g_auto (TerraneScratch) scratch = TERRANE_SCRATCH_INIT;
  g_autoptr (OciManifest) document = NULL;
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  g_autoptr (OciLayout) layout = make_layout (self, &scratch, manifest, &document, error);
  OciRegistry *from =
      layout != NULL
          ? terrane_remote_open_registry (self, source, OCI_REGISTRY_PULL, cancellable, error)
          : NULL;
  OciRegistry *to =
      from != NULL
          ? terrane_remote_open_registry (self, destination, OCI_REGISTRY_PUSH, cancellable, error)
          : NULL;
  if (to == NULL)
    return FALSE;
  gboolean one_registry = strcmp (source->host, destination->host) == 0
                          && strcmp (source->repository, destination->repository) != 0;
  if (one_registry)
    oci_registry_add_source (to, source->repository);
  Copy copy = { .remote = self,
                .source = from,
                .layout = layout,
                .mount_from = one_registry ? source->repository : NULL };
  const OciPushOptions options = {
    .tag = destination->tag,
    .jobs = self->options.jobs,
    .create_repository = create_repository,
    .progress = on_transfer,
    .progress_data = &copy,
    .find_source = find_source,
    .provide = provide,
    .source_data = &copy,
  };
  terrane_remote_begin_phase (self, document, "copying to", destination);
  gboolean ok = oci_registry_push (to, layout, manifest, &options, cancellable, out_report, error);
  terrane_remote_report_auth (self, to);
  return ok;
}

/* Fetches the documents of one image of an index. */
static gboolean
fetch_image (TerraneRemote *self, const OciReference *reference, const OciDescriptor *image,
             GError **error)
{
  const OciPlatform host = oci_platform_host (); /* a manifest is accepted for any platform */
  g_autoptr (OciReference) by_digest = oci_reference_copy (reference);
  by_digest->has_digest = TRUE;
  by_digest->digest = image->digest;
  g_autoptr (OciDescriptor) found = terrane_remote_fetch_manifest (self, by_digest, &host, error);
  return found != NULL;
}

static OciDescriptor *
fetch_named (TerraneRemote *self, const OciReference *reference, GError **error)
{
  g_autofree char *name = oci_reference_text (reference);
  if (self->options.offline)
    {
      (void) terrane_remote_fail_offline (name, error);
      return NULL;
    }
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry =
      terrane_remote_open_registry (self, reference, OCI_REGISTRY_PULL, cancellable, error);
  if (registry == NULL || !terrane_store_begin_write (self->store, error))
    return NULL;
  terrane_progress_phase (self->options.progress, 0, "asking %s for %s", reference->host,
                          reference->repository);
  OciDescriptor *found = oci_registry_fetch_document (registry, terrane_store_layout (self->store),
                                                      cancellable, error);
  terrane_remote_report_auth (self, registry);
  if (found == NULL)
    terrane_registries_conf_explain (error);
  return found;
}

gboolean
terrane_remote_fetch_index (TerraneRemote *self, const OciReference *reference,
                            OciImageIndex **out_index, GError **error)
{
  *out_index = NULL;
  g_autoptr (OciDescriptor) found = fetch_named (self, reference, error);
  if (found == NULL)
    return FALSE;
  if (oci_media_type_lookup (found->media_type)->kind != OCI_MEDIA_INDEX)
    return TRUE;
  g_autoptr (OciImageIndex) index =
      oci_image_index_read (terrane_store_layout (self->store), found, error);
  for (guint i = 0; index != NULL && i < index->manifests->len; i++)
    if (!fetch_image (self, reference, index->manifests->pdata[i], error))
      return FALSE;
  *out_index = g_steal_pointer (&index);
  return *out_index != NULL;
}
