/* Files out of memory, so that a program starts as on a machine that never had them. */
#pragma once

#include <glib.h>

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

G_END_DECLS
