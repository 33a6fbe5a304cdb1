/* Metadata objects of the ostree repository, verified when they are read: libostree does not verify
 * them, so that a truncated directory object would be an empty directory. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/**
 * terrane_metadata_load:
 * @type: of a commit, a directory or a directory's attributes
 *
 * Returns: (transfer full): the object, whose digest is @hex; %OCI_ERROR_CORRUPT if it is not
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree).
 */
GVariant *terrane_metadata_load (OstreeRepo *repo, OstreeObjectType type, const char *hex,
                                 GError **error);

/** Like terrane_metadata_load() for a repository other than the store's. @advice: what to do about
 * damage. Returns: (transfer full). Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of
 * %G_IO_ERROR (from libostree). */
GVariant *terrane_metadata_load_from (OstreeRepo *repo, OstreeObjectType type, const char *hex,
                                      const char *advice, GError **error);

/**
 * terrane_commit_traverse:
 * @reachable: from ostree_repo_traverse_new_reachable(); receives the names of all objects
 *
 * Directories are verified, which makes cycles impossible; files are not read.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_commit_traverse (OstreeRepo *repo, const char *commit, GHashTable *reachable,
                                  GError **error);

/** Like terrane_commit_traverse(), for a commit that the repository does not have yet; its own name
 * is not added. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from
 * libostree). */
gboolean terrane_commit_traverse_variant (OstreeRepo *repo, GVariant *commit, GHashTable *reachable,
                                          GError **error);

/** Whether @repo has all of @objects, from a traversal. Errors: codes of %G_IO_ERROR (from
 * libostree). */
gboolean terrane_metadata_has_all (OstreeRepo *repo, GHashTable *objects, gboolean *out_all,
                                   GError **error);

/** Processes a commit. Returns: FALSE with an error to stop */
typedef gboolean (*TerraneCommitFunc) (const char *hex, gpointer data, GError **error);

/** Calls @func for each commit in @repo, sorted by checksum; it may delete the commit. Errors:
 * codes of %G_IO_ERROR (from libostree); those of @func. */
gboolean terrane_commit_foreach (OstreeRepo *repo, TerraneCommitFunc func, gpointer data,
                                 GError **error);

G_END_DECLS
