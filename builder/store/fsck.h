/* Verifies the store, and repairs it. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef void (*TerraneFsckFunc) (gpointer data, const char *problem);

/**
 * terrane_fsck:
 * @report: called with each problem
 * @out_unread: (out): number of problems with content that could not be read
 *
 * Reads everything: each blob and download must digest to its name, each image must have its blobs,
 * each of its layers must unpack to its diffID, each object and commit of the repository must match
 * its checksum. With @repair, damaged content is deleted together with the cache entries that lead
 * to it, so that the next build makes it again; checkouts are deleted, too, except those in use.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_fsck (TerraneStore *store, gboolean repair, TerraneFsckFunc report, gpointer data,
                       guint *out_problems, guint *out_unread, GError **error);

G_END_DECLS
