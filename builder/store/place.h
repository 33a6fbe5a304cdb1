/* Detects whether a store is in its original place, or is a copy: a cache of CI, tar, cp or rsync
 * may have lost extended attributes, modes, or half of its files. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/**
 * terrane_place_is_known:
 * @out_known: (out): whether the store has the mark of terrane_place_mark(), and its parts are the
 *   same directories as then
 *
 * Copies have other inodes, and most lose the mark, which is an extended attribute.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_place_is_known (TerraneStore *store, gboolean *out_known, GError **error);

/** Records that everything in the store is verified, or was written in its place. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_place_mark (TerraneStore *store, GError **error);

/** Makes a copy usable: restores the permissions of its user, and writes damaged documents again
 * that are the same in every store. No other process may use the store. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean terrane_place_prepare (TerraneStore *store, GError **error);

G_END_DECLS
