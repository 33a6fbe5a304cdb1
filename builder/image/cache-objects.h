/* The rest of a cache file: a layer with objects that are in no layer of its images, and entries of
 * the cache.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
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

/**
 * terrane_cache_entry_new:
 * @json: (transfer full). Returns: (transfer full): to be freed with terrane_cache_entry_free()
 */
TerraneCacheEntry *terrane_cache_entry_new (TerraneCacheKind kind, const OciDigest *key,
                                            GBytes *json);
void terrane_cache_entry_free (gpointer entry);

/**
 * terrane_cache_rest_write:
 * @objects: set of names from ostree_object_name_serialize()
 * @entries: of TerraneCacheEntry; will be sorted
 *
 * Returns: (transfer full): the layer, a blob of the store that no image needs
 * Errors: see the head.
 */
OciDescriptor *terrane_cache_rest_write (TerraneStore *store, GHashTable *objects,
                                         GPtrArray *entries, unsigned jobs, GError **error);

/** Reads objects and entries into the store. Digests of objects are verified; a commit is added
 * once everything that it needs exists, and an entry if the store has none with its key.
 * Errors: see the head. */
gboolean terrane_cache_rest_read (TerraneStore *store, const OciDescriptor *rest,
                                  const TerraneCacheOptions *options,
                                  TerraneCacheReport *out_report, GError **error);

G_END_DECLS
