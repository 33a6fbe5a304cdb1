/* Keeping the store sound: what is whole and what is not. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef void (*TerraneFsckFunc) (gpointer data, const char *problem);

/**
 * terrane_fsck:
 * @report: told about each problem
 * @out_unread: how many of them are about what could not be read
 *
 * Reads everything: each blob and download must digest to its name, each image must have its blobs,
 * each object and commit of the repository must match its checksum. With @repair, what is broken is
 * deleted, and so are the cache entries that lead to it: the next build makes it again. Checkouts
 * go too, but for those in use.
 */
gboolean terrane_fsck (TerraneStore *store, gboolean repair, TerraneFsckFunc report, gpointer data,
                       guint *out_problems, guint *out_unread, GError **error);

G_END_DECLS
