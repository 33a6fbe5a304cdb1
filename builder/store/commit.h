/* Trees as ostree commits. A commit's checksum depends on the tree alone: no time, no parent, no
 * message, so equal trees are equal commits on every machine.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* An ostree transaction, aborted at scope exit unless it was committed. */
typedef struct
{
  OstreeRepo *repo;
} TerraneTransaction;

/** Begins a transaction. Errors: %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_transaction_begin (TerraneTransaction *self, TerraneStore *store, GError **error);
/** Commits the transaction. Errors: codes of %G_IO_ERROR (from libostree). */
gboolean terrane_transaction_commit (TerraneTransaction *self, GError **error);
void terrane_transaction_clear (TerraneTransaction *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneTransaction, terrane_transaction_clear)

/**
 * terrane_commit_write:
 * @tree: whose file objects are all written
 * @out_commit: (out): the commit's checksum
 *
 * To be called inside of a transaction. The commit has no name: gc keeps it as long as the cache
 * index does.
 *
 * Errors: %OCI_ERROR_FORMAT, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_commit_write (TerraneStore *store, TerraneTree *tree, OciDigest *out_commit,
                               GError **error);

/** Returns the checksum that terrane_commit_write() would give, without a store. */
OciDigest terrane_commit_digest (TerraneTree *tree);

/** Returns: (transfer full): the tree of a commit. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * codes of %G_IO_ERROR (from libostree). */
TerraneTree *terrane_commit_load (TerraneStore *store, const OciDigest *commit, GError **error);

/** Adds a file or link to @tree. @checksum: of its object. @out_node: (out) (transfer none).
 * Errors: %OCI_ERROR_FORMAT, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_commit_load_file (OstreeRepo *repo, TerraneTree *tree, const char *path,
                                   GVariant *checksum, TerraneNode **out_node, GError **error);

/** Adds a directory to @tree, with its attributes and without its content. @out_node: (out)
 * (transfer none). Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from
 * libostree). */
gboolean terrane_commit_load_directory (OstreeRepo *repo, TerraneTree *tree, const char *path,
                                        GVariant *meta_checksum, TerraneNode **out_node,
                                        GError **error);

/** Whether the commit object exists. Errors: codes of %G_IO_ERROR (from libostree). */
gboolean terrane_commit_find (TerraneStore *store, const OciDigest *commit, gboolean *out_found,
                              GError **error);

/**
 * terrane_commit_checkout:
 * @name: directory below STORE/roots, the commit in hexadecimal
 *
 * Makes the commit's files appear as hard links to the objects: read-only by agreement, and owned
 * by the calling user. Appears complete or not at all. A checkout of a similar commit is reused and
 * changed, unless it is in use. Checkouts of this process are in use until its store is closed.
 *
 * Errors: see the head.
 */
gboolean terrane_commit_checkout (TerraneStore *store, const OciDigest *commit, const char *name,
                                  GError **error);

/**
 * terrane_commit_copy_out:
 * @dfd: a directory, to which the files of the commit are added
 *
 * Copies a commit: unlike in a checkout, the files may be changed. All files get the same time, and
 * the owner can use all directories. Nothing is written through an existing link; a directory that
 * would replace a file or link, or the reverse, is an error.
 *
 * Errors: see the head.
 */
gboolean terrane_commit_copy_out (TerraneStore *store, const OciDigest *commit, int dfd,
                                  GError **error);

typedef gboolean (*TerraneCheckoutFunc) (const OciDigest *commit, gpointer data);

/** Removes the checkouts that @keep (nullable) does not keep and that are not in use, and what
 * killed processes left of them. Adds the number to @out_removed. Requires the exclusive lock.
 * Errors: %OCI_ERROR_IO. */
gboolean terrane_checkouts_sweep (TerraneStore *store, TerraneCheckoutFunc keep, gpointer data,
                                  guint *out_removed, GError **error);

/** Whether names or link targets in @commit are encoded by oci_raw_name_to_text(), because some are
 * not UTF-8, which ostree requires. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of
 * %G_IO_ERROR (from libostree). */
gboolean terrane_commit_has_raw_names (TerraneStore *store, const OciDigest *commit,
                                       gboolean *out_raw, GError **error);

G_END_DECLS
