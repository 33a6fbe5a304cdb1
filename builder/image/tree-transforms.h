/* The transforms of a tree that was read, with the Python that the image has. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

/**
 * terrane_profile_tree_transform:
 * @base: commit of the file system below all trees, where Python is looked for
 * @config: (nullable): of the base, for the environment that its Python needs
 * @tree: as it was read; as it is in the image when this returns
 */
gboolean terrane_profile_tree_transform (const TerraneSourceContext *context,
                                         const TerraneSourceSpec *spec, const OciDigest *base,
                                         const OciImageConfig *config, TerraneSourceTree *tree,
                                         GError **error);

/** What the transforms of a tree depend on besides the tree. Returns: (transfer full) (nullable):
 * an array; empty when none is wanted */
json_t *terrane_profile_tree_transform_keys (const TerraneSourceContext *context,
                                             const TerraneSourceSpec *spec, const OciDigest *base,
                                             const OciImageConfig *config, GError **error);
/** Looks for what the same made before. @tree: as it is in the image when @out_found, with what its
 * transforms depend on in any case */
gboolean terrane_profile_tree_find_transformed (const TerraneSourceContext *context,
                                                const TerraneSourceSpec *spec,
                                                const OciDigest *base, const OciImageConfig *config,
                                                TerraneSourceTree *tree, gboolean *out_found,
                                                GError **error);

G_END_DECLS
