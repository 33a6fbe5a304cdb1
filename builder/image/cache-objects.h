/* The rest of a cache file: a layer with objects that no layer of its images gives, and entries of
 * the cache. */
#pragma once

#include "builder/image/cache-file.h"
#include "builder/store/cache.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneCacheKind kind;
  OciDigest key;
  GBytes *json;
} TerraneCacheEntry;

/** @json: (transfer full). Returns: (transfer full): free with terrane_cache_entry_free() */
TerraneCacheEntry *terrane_cache_entry_new (TerraneCacheKind kind, const OciDigest *key,
                                            GBytes *json);
void terrane_cache_entry_free (gpointer entry);

/**
 * terrane_cache_rest_write:
 * @objects: set of names as ostree_object_name_serialize() gives them
 * @entries: of TerraneCacheEntry; is sorted
 *
 * Returns: (transfer full) (nullable): the layer, a blob of the store that no image needs
 */
OciDescriptor *terrane_cache_rest_write (TerraneStore *store, GHashTable *objects,
                                         GPtrArray *entries, unsigned jobs, GError **error);

/**
 * terrane_cache_rest_read:
 *
 * Brings objects and entries into the store. Objects are what they digest to; a commit gets there
 * when everything that it needs has, and an entry when the store has none with its key.
 */
gboolean terrane_cache_rest_read (TerraneStore *store, const OciDescriptor *rest,
                                  const TerraneCacheOptions *options,
                                  TerraneCacheReport *out_report, GError **error);

G_END_DECLS
