/* The cache index: small JSON documents under STORE/cache/KIND/KEY. An entry says which output an
 * input gave; losing one only costs time. Safe for several processes.
 *
 * Each starts with a line with version, kind, key and the digest of the document. An entry that was
 * damaged, or copied from elsewhere, does not match it, and is ignored. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Kinds of entries. The form of each is described where it is written; cache.c has their names, and
 * gc.c decides which entries of each to keep. */
typedef enum
{
  TERRANE_CACHE_NAMES,       /* name of an image -> its manifest */
  TERRANE_CACHE_DIGESTS,     /* file identity -> digest of its content */
  TERRANE_CACHE_TREES,       /* tree key -> ostree commit */
  TERRANE_CACHE_TRANSFORMED, /* tree and its transforms -> commit, reports */
  TERRANE_CACHE_LAYERS,      /* layer key -> descriptor, diffID */
  TERRANE_CACHE_IMAGES,      /* image key -> report of the build */
  TERRANE_CACHE_ARCHIVES,    /* image archive -> manifest */
  TERRANE_CACHE_LOCATIONS,   /* blob -> repositories that have it */
  TERRANE_CACHE_PYTHONS,     /* commit -> its interpreter and C library */
  TERRANE_CACHE_PULLED,      /* ostree URL and ref -> commit, time of use */
  TERRANE_CACHE_RESULTS,     /* validation key -> results that passed */
  TERRANE_CACHE_GEO,         /* files of a layer -> facts of geospatial files */
  TERRANE_CACHE_PROGRAMS,    /* files of a layer -> facts of ELF files */
  TERRANE_CACHE_UNPACKED,    /* manifest -> file system with the layers of its files */
  TERRANE_CACHE_BUILDS,      /* name of an image -> inputs of its last build */
  TERRANE_CACHE_COMPILED,    /* tree key -> output of recipes */
  TERRANE_CACHE_KINDS,       /* number of kinds */
} TerraneCacheKind;

/** Returns: (transfer none): directory of @kind below STORE/cache */
const char *terrane_cache_kind_name (TerraneCacheKind kind);

/** Returns: (transfer full) (nullable): the entry, or %NULL if there is no readable one */
json_t *terrane_cache_get (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key);

/** Writes an entry, replacing an older one. Errors: %OCI_ERROR_IO. */
gboolean terrane_cache_put (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key,
                            const json_t *value, GError **error);

typedef gboolean (*TerraneCacheFunc) (TerraneCacheKind kind, const OciDigest *key,
                                      const json_t *value, gpointer data);

/** Passes every entry of @kind to @keep and deletes those for which it returns %FALSE. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_cache_sweep (TerraneStore *store, TerraneCacheKind kind, TerraneCacheFunc keep,
                              gpointer data, guint *out_removed, GError **error);

/** Returns: (transfer full) (nullable): an entry of @kind with any key, whose @member is @text */
json_t *terrane_cache_find (TerraneStore *store, TerraneCacheKind kind, const char *member,
                            const char *text);

/* Returns: (transfer none) (nullable): the text of a member of an entry */
const char *terrane_cache_text (const json_t *value, const char *member);

/** Removes an entry, if it exists. */
void terrane_cache_forget (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key);

G_END_DECLS
