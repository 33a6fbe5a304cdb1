/* Trees that are compiled: each recipe once for a file system to compile in and a prefix. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_tree_make:
 * @pin: of a source of kind "compile"
 * @out_tree: (out caller-allocates)
 *
 * Compiles a recipe, and before that what it needs, unless that was done; what a recipe made is in
 * the store from then on, with its key. Of the result the tree has what is below its prefix,
 * without what only compiling needs.
 */
gboolean terrane_compiled_tree_make (const TerraneSourceContext *context, TerranePin *pin,
                                     const TerraneSourceTreeOptions *options,
                                     TerraneSourceTree *out_tree, GError **error);

G_END_DECLS
