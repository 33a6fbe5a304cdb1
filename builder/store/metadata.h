/* Metadata objects of the ostree repository, verified while they are read: libostree takes what a
 * file holds, so that an emptied directory object is an empty directory. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/**
 * terrane_metadata_load:
 * @type: of a commit, a directory or a directory's attributes
 *
 * Returns: (transfer full) (nullable): the object, whose digest is @hex; %OCI_ERROR_CORRUPT when it
 * is another one
 */
GVariant *terrane_metadata_load (OstreeRepo *repo, OstreeObjectType type, const char *hex,
                                 GError **error);

/** The same for a repository that need not be the store's. @advice: what to do about damage */
GVariant *terrane_metadata_load_from (OstreeRepo *repo, OstreeObjectType type, const char *hex,
                                      const char *advice, GError **error);

/**
 * terrane_commit_traverse:
 * @reachable: from ostree_repo_traverse_new_reachable(); gets the names of all objects
 *
 * Directories are verified, which makes cycles impossible; files are not looked at.
 */
gboolean terrane_commit_traverse (OstreeRepo *repo, const char *commit, GHashTable *reachable,
                                  GError **error);

/** The same for a commit that the repository does not have yet; its own name is not added. */
gboolean terrane_commit_traverse_variant (OstreeRepo *repo, GVariant *commit, GHashTable *reachable,
                                          GError **error);

/** Whether @repo has all of @objects, of a traversal. */
gboolean terrane_metadata_has_all (OstreeRepo *repo, GHashTable *objects, gboolean *out_all,
                                   GError **error);

/** What is done with each commit. Returns: FALSE with an error to stop */
typedef gboolean (*TerraneCommitFunc) (const char *hex, gpointer data, GError **error);

/** Calls @func for each commit that @repo has, in the order of their checksums; it may delete it.
 */
gboolean terrane_commit_foreach (OstreeRepo *repo, TerraneCommitFunc func, gpointer data,
                                 GError **error);

G_END_DECLS
