/* Applies the transforms of a tree that was read, with the Python of the image.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 * libostree). */
#pragma once

#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

/**
 * terrane_profile_tree_transform:
 * @base: commit of the file system below all trees, in which Python is looked for
 * @config: (nullable): of the base, for the environment that its Python needs
 * @tree: (inout): before: as it was read; afterwards: as it is in the image
 *
 * Errors: those of terrane_transform_tree(): %OCI_ERROR_NOT_FOUND, %OCI_ERROR_USAGE,
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_profile_tree_transform (const TerraneSourceContext *context,
                                         const TerraneSourceSpec *spec, const OciDigest *base,
                                         const OciImageConfig *config, TerraneSourceTree *tree,
                                         GError **error);

/** Returns: (transfer full): an array: what the transforms of a tree depend on besides the tree;
 * empty if none is requested. Errors: see the head. */
json_t *terrane_profile_tree_transform_keys (const TerraneSourceContext *context,
                                             const TerraneSourceSpec *spec, const OciDigest *base,
                                             const OciImageConfig *config, GError **error);
/** Looks for a cached result. @tree: (inout): as it is in the image if @out_found; the inputs of
 * its transforms are always set. Errors: see the head. */
gboolean terrane_profile_tree_find_transformed (const TerraneSourceContext *context,
                                                const TerraneSourceSpec *spec,
                                                const OciDigest *base, const OciImageConfig *config,
                                                TerraneSourceTree *tree, gboolean *out_found,
                                                GError **error);

G_END_DECLS
