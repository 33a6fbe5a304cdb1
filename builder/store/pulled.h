/* Commits of other ostree repositories that were pulled into the store's. A cache entry records the
 * origin of each; gc keeps the commit while the entry was used recently, like a download. */
#pragma once

#include "builder/store/store.h"

#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_pulled_find:
 * @ref: a ref of the repository, or a commit
 *
 * Finds the commit of the last terrane_pulled_note() for @ref. Returns: whether there is one
 */
gboolean terrane_pulled_find (TerraneStore *store, const char *url, const char *ref,
                              OciDigest *out_commit);

/** Records that @ref of the repository @url is @commit, and that it is in use. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_pulled_note (TerraneStore *store, const char *url, const char *ref,
                              const OciDigest *commit, GError **error);

/** Whether the commit is in the store with everything in it. Errors: codes of %G_IO_ERROR (from
 * libostree). */
gboolean terrane_pulled_find_commit (TerraneStore *store, const OciDigest *commit,
                                     gboolean *out_whole, GError **error);

/** Whether gc keeps the commit of a cache entry of the kind %TERRANE_CACHE_PULLED. @out_commit:
 * (out): the commit */
gboolean terrane_pulled_is_fresh (const json_t *value, OciDigest *out_commit);

G_END_DECLS
