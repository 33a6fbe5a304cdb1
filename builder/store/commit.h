/* Trees as ostree commits. A commit's checksum depends on the tree alone: no time, no parent, no
 * message, so equal trees are equal commits on every machine. */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* An ostree transaction; scope exit aborts it unless it was committed. */
typedef struct
{
  OstreeRepo *repo;
} TerraneTransaction;

gboolean terrane_transaction_begin (TerraneTransaction *self, TerraneStore *store, GError **error);
gboolean terrane_transaction_commit (TerraneTransaction *self, GError **error);
void terrane_transaction_clear (TerraneTransaction *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneTransaction, terrane_transaction_clear)

/**
 * terrane_commit_write:
 * @tree: whose file objects are all written
 * @out_commit: (out): the commit's checksum
 *
 * Must run inside a transaction. The commit has no name: gc keeps it while the cache index does.
 */
gboolean terrane_commit_write (TerraneStore *store, TerraneTree *tree, OciDigest *out_commit,
                               GError **error);

/** The checksum that terrane_commit_write() would give, without a store. */
OciDigest terrane_commit_digest (TerraneTree *tree);

/** Returns: (transfer full) (nullable): the tree of a commit */
TerraneTree *terrane_commit_load (TerraneStore *store, const OciDigest *commit, GError **error);

/** Adds a file or link to @tree: @checksum is that of its object. @out_node: (out) (transfer none)
 */
gboolean terrane_commit_load_file (OstreeRepo *repo, TerraneTree *tree, const char *path,
                                   GVariant *checksum, TerraneNode **out_node, GError **error);

/** Adds a directory to @tree, with its attributes and without what is in it. */
gboolean terrane_commit_load_directory (OstreeRepo *repo, TerraneTree *tree, const char *path,
                                        GVariant *meta_checksum, TerraneNode **out_node,
                                        GError **error);

/** Whether the commit object is there. */
gboolean terrane_commit_find (TerraneStore *store, const OciDigest *commit, gboolean *out_found,
                              GError **error);

/**
 * terrane_commit_checkout:
 * @name: directory below STORE/roots, the commit in hexadecimal
 *
 * Makes the commit's files appear as hard links to the objects: read-only by agreement, and owned
 * by the calling user. Appears complete or not at all. A checkout of a commit that differs little
 * is taken and changed, unless somebody uses it. What this process asked for is in use until its
 * store is closed.
 */
gboolean terrane_commit_checkout (TerraneStore *store, const OciDigest *commit, const char *name,
                                  GError **error);

/**
 * terrane_commit_copy_out:
 * @dfd: a directory, which the files of the commit are added to
 *
 * Copies a commit: unlike a checkout the files may be changed. All files of the directory get the
 * same time, and its directories can be used by the owner. Nothing is written through a link that
 * is there, nor does a directory replace a file or link, or the reverse: that is an error.
 */
gboolean terrane_commit_copy_out (TerraneStore *store, const OciDigest *commit, int dfd,
                                  GError **error);

typedef gboolean (*TerraneCheckoutFunc) (const OciDigest *commit, gpointer data);

/** Removes the checkouts that @keep (nullable) does not keep and nobody uses, and what killed
 * processes left of them. @out_removed is added to. Needs the exclusive lock. */
gboolean terrane_checkouts_sweep (TerraneStore *store, TerraneCheckoutFunc keep, gpointer data,
                                  guint *out_removed, GError **error);

/** Whether names or link targets are in @commit as oci_raw_name_to_text() gives them, because some
 * are not UTF-8, which ostree demands. */
gboolean terrane_commit_has_raw_names (TerraneStore *store, const OciDigest *commit,
                                       gboolean *out_raw, GError **error);

G_END_DECLS
