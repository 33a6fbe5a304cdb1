/* Symbolic links when files move inside of a tree: what "rename" moved is found where it is now.
 * Only texts of links are looked at; scripts, *.pc files and programs keep the paths that they were
 * built with. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Where a path of the image is after the move. Returns: (transfer full) */
typedef char *(*TerraneMovedFunc) (const char *path, gpointer data);

/**
 * terrane_relocate_link:
 * @link: path of the link in the image, as if nothing moved
 * @target: its text
 *
 * The text that leads from where the link is to where its target is. Absolute texts stay absolute,
 * seen from the root of the image.
 *
 * Returns: (transfer full) (nullable): %NULL when the text can stay
 */
char *terrane_relocate_link (const char *link, const char *target, TerraneMovedFunc moved,
                             gpointer data);

G_END_DECLS
