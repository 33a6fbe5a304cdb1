/* Evicts files from the page cache for cold-start measurements, and finds out which files were
 * read. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_cold_drop:
 * @root: directory descriptor of a file system that is only read
 *
 * Asks the kernel to evict the content of all its files, and checks whether it did.
 *
 * Returns: whether what is read now comes from storage, for at least 99 of 100 files
 */
gboolean terrane_cold_drop (int root);

/**
 * terrane_cold_files:
 * Finds out which content is in memory: after terrane_cold_drop() and one process, what that
 * process read, including the kernel's read-ahead.
 *
 * Returns: (transfer full): array of {"path", "bytes"}, largest first, at most 100; for files that
 *   are one in the store the first path
 */
json_t *terrane_cold_files (int root);

G_END_DECLS
