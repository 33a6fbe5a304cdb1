/* Commits of other ostree repositories that were pulled into the store's. A cache entry remembers
 * where one is from; gc keeps the commit while the entry was used lately, like a download. */
#pragma once

#include "builder/store/store.h"

#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_pulled_find:
 * @ref: a ref of the repository, or a commit
 *
 * Which commit @ref was when terrane_pulled_note() was told last.
 */
gboolean terrane_pulled_find (TerraneStore *store, const char *url, const char *ref,
                              OciDigest *out_commit);

/** Remembers that @ref of the repository @url is @commit, which is in use now. */
gboolean terrane_pulled_note (TerraneStore *store, const char *url, const char *ref,
                              const OciDigest *commit, GError **error);

/** Whether the commit is in the store with everything below it. */
gboolean terrane_pulled_find_commit (TerraneStore *store, const OciDigest *commit,
                                     gboolean *out_whole, GError **error);

/** Whether gc keeps what a cache entry of the kind %TERRANE_CACHE_PULLED leads to, and the commit
 * then. */
gboolean terrane_pulled_is_fresh (const json_t *value, OciDigest *out_commit);

G_END_DECLS
