/* Adjusts symbolic links when files move inside of a tree, so that files moved by "rename" are
 * found. Only the texts of links are changed; scripts, *.pc files and programs keep the paths that
 * they were built with. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer full): where a path of the image is after the move */
typedef char *(*TerraneMovedFunc) (const char *path, gpointer data);

/**
 * terrane_relocate_link:
 * @link: path of the link in the image before the move
 * @target: its text
 *
 * Computes the text that leads from the new place of the link to the new place of its target.
 * Absolute texts stay absolute, relative to the root of the image.
 *
 * Returns: (transfer full) (nullable): %NULL if the text need not change
 */
char *terrane_relocate_link (const char *link, const char *target, TerraneMovedFunc moved,
                             gpointer data);

G_END_DECLS
