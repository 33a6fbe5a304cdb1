/* Splits a stack into several layers, keeping related files together as far as they fit. */
#pragma once

#include "builder/zip/pack.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the group of a file in a layer: "python/numpy" for a distribution
 * installed by pip, otherwise the first two components of its path */
char *terrane_zip_group (const char *path);

/**
 * terrane_zip_split:
 * @members: (element-type TerraneZipMember): in order
 * @max_bytes: maximal size of a file
 * @max_unpacked: maximal size of its content
 *
 * Places large groups first, each into the first part that has room; only a group that exceeds a
 * part is divided. Each part has the directories of its files; directories without files are in the
 * first part that has room. The result depends on the members alone.
 *
 * Returns: (transfer full): of GPtrArray of TerraneZipMember, in order
 * Errors: %OCI_ERROR_LIMIT, naming a file that alone is too large.
 */
GPtrArray *terrane_zip_split (const GPtrArray *members, uint64_t max_bytes, uint64_t max_unpacked,
                              GError **error);

G_END_DECLS
