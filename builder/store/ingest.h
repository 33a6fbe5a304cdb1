/* Stores a stream of entries: the tree in memory, the content as objects, hashed and written by
 * several threads. Memory is bounded for any input: small files wait in at most 16 MiB of buffers,
 * large ones go through a temporary file. */
#pragma once

#include "builder/store/commit.h"

G_BEGIN_DECLS

typedef struct _TerraneIngest TerraneIngest;

/** Reads content of the current entry; *@out_read is 0 at its end. */
typedef gboolean (*TerraneReadFunc) (gpointer data, void *buffer, size_t len, size_t *out_read,
                                     GError **error);

/** Called as content arrives, on the thread that adds entries. */
typedef void (*TerraneBytesFunc) (gpointer data, uint64_t bytes);

/**
 * terrane_ingest_new:
 * @jobs: number of threads that hash and write
 * @progress: (nullable): called with every piece of content
 *
 * Begins a transaction on the store; only one ingest of a store object may be open at a time.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
TerraneIngest *terrane_ingest_new (TerraneStore *store, unsigned jobs, TerraneBytesFunc progress,
                                   gpointer progress_data, GError **error);

/**
 * terrane_ingest_new_look:
 * @max_bytes: of content: %OCI_ERROR_LIMIT beyond it
 * @keep: (nullable): files of this name can be read afterwards, see looked.h
 *
 * Makes an ingest that writes nothing: terrane_ingest_finish() returns the commit and the tree that
 * it would have written.
 *
 * Returns: (transfer full)
 */
TerraneIngest *terrane_ingest_new_look (TerraneStore *store, unsigned jobs, uint64_t max_bytes,
                                        const char *keep);

/** Waits for the threads and discards what was not finished. */
void terrane_ingest_free (TerraneIngest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneIngest, terrane_ingest_free)

/**
 * terrane_ingest_add:
 * @entry: its @path already as in the image; its @size is not trusted
 * @read: reads the content of a file; not used for other types
 *
 * Adds an entry under the rules of terrane_tree_add(); a hard link becomes another file with the
 * same content. Fails for %OCI_ENTRY_SPECIAL: ostree has no devices. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO; those of @read.
 */
gboolean terrane_ingest_add (TerraneIngest *self, const OciEntry *entry, TerraneReadFunc read,
                             gpointer data, GError **error);

/** Returns: (transfer none): the tree so far, for callers that remove from it (whiteouts) */
TerraneTree *terrane_ingest_tree (TerraneIngest *self);

/**
 * terrane_ingest_finish:
 * @out_tree: (out) (transfer full): the same as terrane_commit_load() of the commit
 *
 * Waits until every object is written and commits.
 *
 * Errors: %OCI_ERROR_FORMAT, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_ingest_finish (TerraneIngest *self, OciDigest *out_commit, TerraneTree **out_tree,
                                GError **error);

/** Like terrane_ingest_finish() without a commit: only keeps the objects that were added, and what
 * else was written in the transaction. Errors: codes of %G_IO_ERROR (from libostree). */
gboolean terrane_ingest_finish_objects (TerraneIngest *self, GError **error);

G_END_DECLS
