/* Whether a store stands where it was written, or is a copy: what a cache of CI, tar, cp or rsync
 * restored may lack extended attributes, modes, or half of its files. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/**
 * terrane_place_is_known:
 * @out_known: (out): the store carries the mark of terrane_place_mark(), and its parts are the very
 *   directories that they were then
 *
 * Copies have other inodes, and most lose the mark, which is an extended attribute.
 */
gboolean terrane_place_is_known (TerraneStore *store, gboolean *out_known, GError **error);

/** Says that everything in the store is verified, or was written in its place. */
gboolean terrane_place_mark (TerraneStore *store, GError **error);

/**
 * terrane_place_prepare:
 *
 * Makes a copy one that can be opened: its user gets the permissions that were lost, and documents
 * that are the same in every store are written again where they are damaged. Nobody else may use
 * the store.
 */
gboolean terrane_place_prepare (TerraneStore *store, GError **error);

G_END_DECLS
