#include "builder/build-shared.h"

#include "builder/annotations.h"
#include "builder/error.h"
#include "builder/image/compiled-cache.h"
#include "builder/image/shared-results.h"

#include "oci/image.h"

/* Images are not signed. */
static gboolean
add_images (const TerraneBuildShared *self, const TerraneBuildCacheOptions *options, GError **error)
{
  for (guint i = 0; options->secret == NULL && i < options->from->len; i++)
    {
      g_autoptr (GError) missing = NULL;
      const OciReference *image = options->from->pdata[i];
      if (!terrane_remote_layers_add (self->layers, self->context.remote, options->from->pdata[i],
                                      &self->context.profile->platform, &missing, error))
        return FALSE;
      /* Without a tag, the repository may be one of results. */
      if (missing != NULL && options->compare
          && (image->tag != NULL || image->has_digest
              || !g_error_matches (missing, OCI_ERROR, OCI_ERROR_NOT_FOUND)))
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&missing),
                                      "--no-trust-cache: the layers cannot be compared: ");
          return FALSE;
        }
      if (missing != NULL)
        terrane_shared_cache_note_failure (self->cache, options->from->pdata[i], missing);
    }
  return TRUE;
}

gboolean
terrane_build_shared_open (TerraneBuildShared *self, const TerraneSourceContext *context,
                           const TerraneBuildCacheOptions *options, GError **error)
{
  g_autofree char *platform = oci_platform_text (&context->profile->platform);
  const TerraneSharedCacheOptions cache = { .remote = context->remote,
                                            .from = options->from,
                                            .to = options->to,
                                            .platform = platform,
                                            .secret = options->secret,
                                            .create_repository = options->create_repository,
                                            .compare = options->compare };
  *self = (TerraneBuildShared){ .context = *context };
  self->cache = terrane_shared_cache_new (&cache);
  if (options->from == NULL)
    return TRUE;
  self->layers = terrane_remote_layers_new (context->remote, options->stay);
  if (!options->whole && !options->compare)
    self->trees = terrane_shared_trees_new (&self->context, self->cache, self->layers);
  return add_images (self, options, error);
}

void
terrane_build_shared_clear (TerraneBuildShared *self)
{
  g_clear_pointer (&self->trees, terrane_shared_trees_free);
  g_clear_pointer (&self->layers, terrane_remote_layers_free);
  g_clear_pointer (&self->cache, terrane_shared_cache_free);
}

gboolean
terrane_build_shared_take (TerraneBuildShared *self, const TerranePlan *plan,
                           const TerraneBase *base, GArray *out_trees, GError **error)
{
  for (guint i = 0; i < plan->trees->len; i++)
    {
      TerranePin *pin = plan->trees->pdata[i];
      if (self->trees != NULL
          && !terrane_shared_trees_take (self->trees, pin, base,
                                         &g_array_index (out_trees, TerraneSourceTree, i), error))
        return FALSE;
      if (self->cache != NULL && pin->spec->kind == TERRANE_SOURCE_COMPILE
          && !terrane_compiled_cache_take (&self->context, self->cache, pin, base, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_build_shared_prepare (TerraneBuildShared *self, const TerranePin *pin,
                              const TerraneBase *base, GError **error)
{
  return self->trees == NULL || pin->spec->transforms == NULL || !pin->spec->transforms->bytecode
         || terrane_shared_trees_bring_base (self->trees, base, error);
}

gboolean
terrane_build_shared_give_compiled (TerraneBuildShared *self, const TerranePlan *plan,
                                    GError **error)
{
  for (guint i = 0; self->cache != NULL && i < plan->trees->len; i++)
    {
      TerranePin *pin = plan->trees->pdata[i];
      if (pin->spec->kind == TERRANE_SOURCE_COMPILE && !pin->is_taken
          && !terrane_compiled_cache_give (&self->context, self->cache, pin, error))
        return FALSE;
    }
  return TRUE;
}

/* Compares the layers that were made with those that images of --cache-from have under their keys.
 */
static gboolean
compare_layers (const TerraneBuildShared *self, const TerraneImage *image, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->context.store);
  g_autoptr (OciManifest) manifest = NULL;
  if (self->layers == NULL || !terrane_shared_cache_compares (self->cache))
    return TRUE;
  if (!oci_image_read (layout, image->manifest, &manifest, NULL, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      OciDigest diff_id;
      const TerraneImageLayer *layer = image->layers->pdata[i];
      const char *key =
          oci_descriptor_annotation (manifest->layers->pdata[i], TERRANE_ANNOTATION_LAYER_KEY);
      const OciDescriptor *other =
          key != NULL ? terrane_remote_layers_peek (self->layers, key, &diff_id) : NULL;
      const char *name = layer->title != NULL ? layer->title : layer->name;
      g_autofree char *label = g_strconcat ("layer ", name, NULL);
      if (other == NULL)
        continue;
      if (!oci_digest_equal (&other->digest, &layer->digest)
          || !oci_digest_equal (&diff_id, &layer->diff_id))
        {
          g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED,
                       "--no-trust-cache: the layer ‘%s’ is another one in an image of "
                       "--cache-from than was made here, under the same key %s",
                       name, key);
          return FALSE;
        }
      terrane_shared_cache_note_compared (self->cache, label);
    }
  return TRUE;
}

gboolean
terrane_build_shared_give (TerraneBuildShared *self, const TerranePlan *plan,
                           const TerraneBase *base, const GArray *trees, const TerraneImage *image,
                           const TerraneImageOptions *options, GError **error)
{
  OciDigest key;
  const TerraneSharedBuilt built = { .base_pin = plan->base,
                                     .base = base,
                                     .pins = plan->trees,
                                     .trees = trees,
                                     .manifest = image->manifest,
                                     .reads = image->reads };
  if (self->cache == NULL || !terrane_shared_cache_writes (self->cache))
    return TRUE;
  g_autoptr (OciJsonValue) findings = terrane_findings_to_json (image->findings);
  return compare_layers (self, image, error)
         && terrane_shared_trees_give (&self->context, self->cache, &built, error)
         && terrane_image_key (plan->profile, base, trees, options, &key, error)
         && terrane_shared_result_give (self->cache, self->context.store, TERRANE_SHARED_CHECKED,
                                        &key, findings, error);
}
