/* Files out of memory, so that a program starts as on a machine that never had them; and which it
 * has read. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_cold_drop:
 * @root: directory descriptor of a file system that is only read
 *
 * Asks the kernel to forget the content of all its files, and looks whether it did.
 *
 * Returns: whether what is read now comes from storage, but for a hundredth of the files
 */
gboolean terrane_cold_drop (int root);

/**
 * terrane_cold_files:
 *
 * What of the files is in memory: after the above and one process what that has read, with what the
 * kernel reads ahead.
 *
 * Returns: (transfer full): array of {"path", "bytes"}, most first, at most 100; of files that are
 * one in the store the first path
 */
json_t *terrane_cold_files (int root);

G_END_DECLS
