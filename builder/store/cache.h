/* The cache index: small JSON documents under STORE/cache/KIND/KEY. An entry says which output an
 * input gave; losing one costs time, never correctness. Safe for several processes. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Kinds of entries, each with its own shape, described where it is written. */
#define TERRANE_CACHE_NAMES "names"             /* name of an image -> its manifest */
#define TERRANE_CACHE_DIGESTS "digests"         /* file identity -> digest of its content */
#define TERRANE_CACHE_TREES "trees"             /* tree key -> ostree commit */
#define TERRANE_CACHE_TRANSFORMED "transformed" /* tree and its transforms -> commit, reports */
#define TERRANE_CACHE_LAYERS "layers"           /* layer key -> descriptor, diffID */
#define TERRANE_CACHE_IMAGES "images"           /* image key -> what the build reported */
#define TERRANE_CACHE_ARCHIVES "archives"       /* image archive -> manifest */
#define TERRANE_CACHE_LOCATIONS "locations"     /* blob -> repositories that have it */
#define TERRANE_CACHE_PYTHONS "pythons"         /* commit -> its interpreter and C library */
#define TERRANE_CACHE_PULLED "pulled"           /* ostree URL and ref -> commit, time of use */
#define TERRANE_CACHE_RESULTS "results"         /* validation key -> results that passed */
#define TERRANE_CACHE_GEO "geo"                 /* files of a layer -> facts of geospatial files */
#define TERRANE_CACHE_PROGRAMS "programs"       /* files of a layer -> facts of ELF files */
#define TERRANE_CACHE_UNPACKED "unpacked"       /* manifest -> file system, what layers are from */

/** Returns: (transfer full) (nullable): the entry, or %NULL when there is none that can be read */
json_t *terrane_cache_get (TerraneStore *store, const char *kind, const OciDigest *key);

gboolean terrane_cache_put (TerraneStore *store, const char *kind, const OciDigest *key,
                            const json_t *value, GError **error);

typedef gboolean (*TerraneCacheFunc) (const char *kind, const OciDigest *key, const json_t *value,
                                      gpointer data);

/** Shows every entry of @kind to @keep and deletes those for which it returns FALSE. */
gboolean terrane_cache_sweep (TerraneStore *store, const char *kind, TerraneCacheFunc keep,
                              gpointer data, guint *out_removed, GError **error);

/** Returns: (transfer full) (nullable): an entry of @kind whose @member is @text, of any key */
json_t *terrane_cache_find (TerraneStore *store, const char *kind, const char *member,
                            const char *text);

/* The text of one entry's member or NULL. */
const char *terrane_cache_text (const json_t *value, const char *member);

/** Removes an entry, if it is there. */
void terrane_cache_forget (TerraneStore *store, const char *kind, const OciDigest *key);

G_END_DECLS
