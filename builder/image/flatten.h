/* The file system that an image's layers give, as one tree: image-spec v1.1 layer.md. */
#pragma once

#include "builder/image/tree-cache.h"

#include "oci/manifest.h"

G_BEGIN_DECLS

/**
 * terrane_flatten:
 * @manifest: an image in the store's layout
 * @skip_special: leave out devices instead of failing
 *
 * Applies the layers over each other, with whiteouts, and commits the result.
 */
gboolean terrane_flatten (TerraneStore *store, const OciManifest *manifest, gboolean skip_special,
                          unsigned jobs, const TerraneProgress *progress,
                          TerraneStoredTree *out_tree, GError **error);

G_END_DECLS
