/* Keys of compiled trees: digests of everything that their bytes depend on. */
#pragma once

#include "builder/source/source.h"

G_BEGIN_DECLS

/**
 * terrane_compile_key:
 * @prefix: where the output will be installed, normalised
 * @root: key of the tree that it is compiled in
 *
 * Digests the inputs of @recipe: its sources, patches, steps, environment and patterns, the keys of
 * the recipes that it needs, and the file system that it is compiled in, but neither its time limit
 * nor which other recipes exist.
 */
OciDigest terrane_compile_key (const TerraneRecipe *recipe, const char *prefix,
                               const OciDigest *root);

/** Digests what the tree of a compiled source depends on. @root: as for terrane_compile_key() */
OciDigest terrane_compile_identity (const TerranePin *pin, const OciDigest *root);
/** Returns: (transfer full): the document that terrane_compile_key() digests */
json_t *terrane_compile_inputs (const TerraneRecipe *recipe, const char *prefix,
                                const OciDigest *root);

G_END_DECLS
