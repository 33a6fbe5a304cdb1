/* Trees that are compiled: each recipe once for a prefix and a file system to compile in. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_tree_make:
 * @pin: of a source of kind "compile"
 * @out_tree: (out caller-allocates)
 *
 * Compiles a recipe, and before that what it needs, unless that was done; results are added to the
 * store with their keys. The tree contains the part of the result below its prefix, without files
 * that only compiling needs.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_IO_ERROR (from libostree).
 */
gboolean terrane_compiled_tree_make (const TerraneSourceContext *context, TerranePin *pin,
                                     const TerraneSourceTreeOptions *options,
                                     TerraneSourceTree *out_tree, GError **error);

G_END_DECLS
