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

/** Told about every entry, whiteouts too, before it is applied; layers count from 0. */
typedef void (*TerraneFlattenFunc) (guint layer, const OciEntry *entry, gpointer data);

/** Like terrane_flatten(), for looking at an image: devices are left out, and the origin of each
 * node of @out_tree's tree is the layer it is from, counted from 1. */
gboolean terrane_flatten_layers (TerraneStore *store, const OciManifest *manifest, unsigned jobs,
                                 const TerraneProgress *progress, TerraneFlattenFunc func,
                                 gpointer data, TerraneStoredTree *out_tree, GError **error);

G_END_DECLS
