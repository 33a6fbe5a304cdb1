#include "builder/remote/shared-cache.h"

static gboolean
is_same_text (const json_t *one, const json_t *other, const char *member)
{
  return g_strcmp0 (json_string_value (json_object_get (one, member)),
                    json_string_value (json_object_get (other, member)))
         == 0;
}

static gboolean
has_layer (const TerraneSharedResult *result, const OciDescriptor *layer, const OciDigest *diff_id)
{
  for (guint i = 0; i < result->layers->len; i++)
    {
      const OciDescriptor *own = result->layers->pdata[i];
      if (oci_digest_equal (&own->digest, &layer->digest) && own->size == layer->size)
        return oci_digest_equal (&result->diff_ids[i], diff_id);
    }
  return FALSE;
}

/* Which layers a tree is in depends on what is below it too, so layers are compared by their keys.
 * The first one, which has notes of a machine besides, is not a layer of an image. */
static gboolean
is_same_layers (const TerraneSharedResult *result, const TerraneSharedEntry *entry)
{
  const json_t *own = json_object_get (result->content, "layerKeys");
  const json_t *keys = json_object_get (entry->content, "layerKeys");
  for (guint i = 0; i + 1 < entry->layers->len && i < json_array_size (keys); i++)
    for (size_t j = 0; j < json_array_size (own); j++)
      if (json_equal (json_array_get (own, j), json_array_get (keys, i))
          && !has_layer (result, entry->layers->pdata[i + 1], &entry->diff_ids[i + 1]))
        return FALSE;
  return TRUE;
}

/* What a validation gave has times, which differ. */
gboolean
terrane_shared_result_is (const TerraneSharedResult *result, const TerraneSharedEntry *entry)
{
  return is_same_text (result->content, entry->content, "commit")
         && (result->kind != TERRANE_SHARED_CHECKED
             || is_same_text (result->content, entry->content, "results"))
         && is_same_layers (result, entry);
}
