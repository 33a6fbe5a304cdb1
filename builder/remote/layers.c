#include "builder/remote/layers.h"

#include "builder/annotations.h"
#include "builder/store/locations.h"

#include "oci/image.h"

#include "oci/base/text-hash.h"

typedef struct
{
  OciDescriptor *descriptor;
  OciDigest diff_id;
  OciReference *reference;
  gboolean of_image; /* its diffID comes from an image's configuration, unverified */
} RemoteLayer;

struct _TerraneRemoteLayers
{
  GHashTable *layers; /* text of the layer key -> RemoteLayer */
};

static void
remote_layer_free (RemoteLayer *self)
{
  oci_descriptor_free (self->descriptor);
  oci_reference_free (self->reference);
  g_free (self);
}

TerraneRemoteLayers *
terrane_remote_layers_new (void)
{
  TerraneRemoteLayers *self = g_new0 (TerraneRemoteLayers, 1);
  self->layers = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                        (GDestroyNotify) remote_layer_free);
  return self;
}

void
terrane_remote_layers_free (TerraneRemoteLayers *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->layers);
  g_free (self);
}

static void
add_layer (TerraneRemoteLayers *self, const char *key, const OciDescriptor *layer,
           const OciDigest *diff_id, const OciReference *repository, gboolean of_image)
{
  RemoteLayer *own = g_new0 (RemoteLayer, 1);
  g_hash_table_insert (self->layers, g_strdup (key), own);
  own->descriptor = oci_descriptor_new (layer->media_type, &layer->digest, layer->size);
  own->reference = oci_reference_copy (repository);
  own->diff_id = *diff_id;
  own->of_image = of_image;
}

void
terrane_remote_layers_add_one (TerraneRemoteLayers *self, const char *key,
                               const OciDescriptor *layer, const OciDigest *diff_id,
                               const OciReference *repository)
{
  add_layer (self, key, layer, diff_id, repository, FALSE);
}

static gboolean
add_image (TerraneRemoteLayers *self, TerraneRemote *remote, const OciReference *reference,
           const OciDescriptor *manifest_descriptor, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  g_autoptr (OciImageConfig) config = NULL;
  if (!oci_image_read (terrane_store_layout (terrane_remote_store (remote)), manifest_descriptor,
                       &manifest, &config, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const OciDescriptor *descriptor = manifest->layers->pdata[i];
      const char *key = oci_descriptor_annotation (descriptor, TERRANE_ANNOTATION_LAYER_KEY);
      OciDigest diff_id;
      if (key == NULL || g_hash_table_contains (self->layers, key))
        continue;
      if (!oci_image_config_diff_id (config, i, &diff_id, error))
        return FALSE;
      add_layer (self, key, descriptor, &diff_id, reference, TRUE);
    }
  return TRUE;
}

gboolean
terrane_remote_layers_add (TerraneRemoteLayers *self, TerraneRemote *remote,
                           const OciReference *reference, const OciPlatform *platform,
                           GError **out_missing, GError **error)
{
  g_autoptr (GError) local = NULL;
  OCI_PREFIX (error, "--cache-from");
  g_autoptr (OciDescriptor) manifest =
      terrane_remote_fetch_manifest (remote, reference, platform, &local);
  if (manifest != NULL)
    return add_image (self, remote, reference, manifest, error);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* A repository without a tag may only contain results. */
  if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND) || reference->tag != NULL
      || reference->has_digest)
    terrane_progress_warn (terrane_remote_progress (remote), "going on without --cache-from: %s",
                           local->message);
  *out_missing = g_steal_pointer (&local);
  return TRUE;
}

OciDescriptor *
terrane_remote_layers_find (const TerraneRemoteLayers *self, TerraneStore *store,
                            const OciDigest *key, OciDigest *out_diff_id, gboolean *out_of_image)
{
  OciDigestText text;
  const RemoteLayer *layer = g_hash_table_lookup (self->layers, oci_digest_text (key, text));
  if (layer == NULL
      || !terrane_locations_add (store, &layer->descriptor->digest, layer->reference->host,
                                 layer->reference->repository, NULL))
    return NULL;
  *out_diff_id = layer->diff_id;
  *out_of_image = layer->of_image;
  return oci_descriptor_copy (layer->descriptor);
}
