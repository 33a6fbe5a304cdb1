/* A stack in several layers: what belongs together stays together as far as it fits. */
#pragma once

#include "builder/zip/pack.h"

G_BEGIN_DECLS

/** What a file of a layer belongs to: "python/numpy" for what pip installs of one distribution,
 * else the first two components of its path. Returns: (transfer full) */
char *terrane_zip_group (const char *path);

/**
 * terrane_zip_split:
 * @members: (element-type TerraneZipMember): in order
 * @max_bytes: how large a file may become
 * @max_unpacked: how much may be in it
 *
 * Large groups first, each into the first part that has room; only a group that is too large for a
 * part of its own is divided. Each part has the directories of its files; directories without files
 * are in the first that has room. The result depends on the members alone.
 *
 * Returns: (transfer full) (nullable): of GPtrArray of TerraneZipMember, in order; an error names
 *   a file that alone is too large
 */
GPtrArray *terrane_zip_split (const GPtrArray *members, uint64_t max_bytes, uint64_t max_unpacked,
                              GError **error);

G_END_DECLS
