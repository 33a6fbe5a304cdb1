#include "builder/remote/layers.h"

#include "builder/annotations.h"
#include "builder/remote/artifact.h"
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
  TerraneRemote *remote;
  char *stay;         /* (nullable): the registry whose layers need not be fetched */
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
terrane_remote_layers_new (TerraneRemote *remote, const char *stay)
{
  TerraneRemoteLayers *self = g_new0 (TerraneRemoteLayers, 1);
  self->remote = remote;
  self->stay = g_strdup (stay);
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
  g_free (self->stay);
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
  if (manifest != NULL && add_image (self, remote, reference, manifest, &local))
    return TRUE;
  if (manifest != NULL)
    {
      g_autofree char *name = oci_reference_text (reference);
      g_prefix_error (&local, "%s: ", name);
    }
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  /* A repository without a tag may only contain results. */
  if (manifest != NULL || !g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND)
      || reference->tag != NULL || reference->has_digest)
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

const OciDescriptor *
terrane_remote_layers_peek (const TerraneRemoteLayers *self, const char *key,
                            OciDigest *out_diff_id)
{
  const RemoteLayer *layer = g_hash_table_lookup (self->layers, key);
  if (layer == NULL)
    return NULL;
  *out_diff_id = layer->diff_id;
  return layer->descriptor;
}

gboolean
terrane_remote_layers_fetches (const TerraneRemoteLayers *self)
{
  return self->stay == NULL;
}

static gboolean
check_size (TerraneRemote *remote, const OciDescriptor *layer, GError **error)
{
  OciLayout *layout = terrane_store_layout (terrane_remote_store (remote));
  const uint64_t max = oci_layout_unpack_budget (layout).limits.bytes;
  return layer->size <= max
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "it is announced with %" G_GUINT64_FORMAT
                       " bytes; ‘limits.unpacked_size’ of the profile allows %" G_GUINT64_FORMAT,
                       layer->size, max);
}

gboolean
terrane_remote_layers_fetch (const TerraneRemoteLayers *self, const OciDigest *key,
                             const OciDescriptor *layer, gboolean *out_here, GError **error)
{
  OciDigestText text;
  const RemoteLayer *entry = g_hash_table_lookup (self->layers, oci_digest_text (key, text));
  const OciReference *reference = entry->reference;
  OciLayout *layout = terrane_store_layout (terrane_remote_store (self->remote));
  if (!oci_layout_find_blob (layout, &layer->digest, out_here, NULL, error))
    return FALSE;
  *out_here = *out_here && oci_layout_verify_blob (layout, layer, NULL);
  if (*out_here || g_strcmp0 (self->stay, reference->host) == 0)
    return TRUE;
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s: the layer %s", reference->host,
              reference->repository, oci_digest_text (&layer->digest, text));
  if (!check_size (self->remote, layer, error))
    return FALSE;
  terrane_progress_phase (terrane_remote_progress (self->remote), layer->size,
                          "fetching a layer from %s", reference->host);
  *out_here = terrane_remote_fetch_artifact_layer (self->remote, reference, layer, error);
  return *out_here;
}
