#include "builder/image/shared-results.h"

#include "oci/layer-writer.h"

#include <stdlib.h>

static const char *
label_of (TerraneSharedKind kind)
{
  return kind == TERRANE_SHARED_CHECKED ? "what the checks found" : "what the validation gave";
}

gboolean
terrane_shared_result_take (TerraneSharedCache *cache, TerraneSharedKind kind, const OciDigest *key,
                            json_t **out_value, GError **error)
{
  g_autoptr (TerraneSharedEntry) entry = NULL;
  *out_value = NULL;
  if (cache == NULL || !terrane_shared_cache_reads (cache))
    return TRUE;
  if (!terrane_shared_cache_find (cache, kind, key, label_of (kind), &entry, error))
    return FALSE;
  const char *text =
      entry != NULL ? json_string_value (json_object_get (entry->content, "results")) : NULL;
  g_autoptr (OciJsonValue) value =
      text != NULL ? json_loads (text, JSON_REJECT_DUPLICATES, NULL) : NULL;
  if (!json_is_array (value))
    return TRUE;
  *out_value = g_steal_pointer (&value);
  terrane_shared_cache_note_used (cache, entry);
  return TRUE;
}

/* Registries may refuse a manifest without layers, so there is one with an empty tar. */
gboolean
terrane_shared_result_give (TerraneSharedCache *cache, TerraneStore *store, TerraneSharedKind kind,
                            const OciDigest *key, json_t *value, GError **error)
{
  OciDigest diff_id;
  if (cache == NULL || !terrane_shared_cache_lacks (cache, kind, key))
    return TRUE;
  g_autoptr (OciLayerWriter) writer =
      terrane_store_begin_write (store, error)
          ? oci_layer_writer_new (terrane_store_layout (store), 1, error)
          : NULL;
  g_autoptr (OciDescriptor) layer =
      writer != NULL ? oci_layer_writer_finish (writer, &diff_id, error) : NULL;
  if (layer == NULL)
    return FALSE;
  g_autoptr (GPtrArray) layers = g_ptr_array_new ();
  g_autoptr (OciJsonValue) content = json_object ();
  g_ptr_array_add (layers, layer);
  /* As text: digested values have no fractions, and results do. */
  char *text = json_dumps (value, JSON_SORT_KEYS | JSON_COMPACT | oci_json_number_flags (value));
  oci_json_set (content, "results", oci_json_text (text != NULL ? text : "[]"));
  free (text);
  const TerraneSharedResult result = { .kind = kind,
                                       .key = *key,
                                       .label = label_of (kind),
                                       .content = content,
                                       .layers = layers,
                                       .diff_ids = &diff_id };
  return terrane_shared_cache_put (cache, &result, error);
}
