/* What compiled trees are known by: everything that their bytes depend on. */
#pragma once

#include "builder/source/source.h"

G_BEGIN_DECLS

/**
 * terrane_compile_key:
 * @prefix: where what is compiled will be, normalised
 * @root: key of the tree that it is compiled in
 *
 * Digests what @recipe makes: its sources, patches, steps, environment and patterns, the keys of
 * what it needs, and the file system that it is compiled in. Neither how long that may take nor
 * what other recipes are there.
 */
OciDigest terrane_compile_key (const TerraneRecipe *recipe, const char *prefix,
                               const OciDigest *root);

/** What the tree of a compiled source depends on. @root: as above */
OciDigest terrane_compile_identity (const TerranePin *pin, const OciDigest *root);
/** The document that is digested. Returns: (transfer full) */
json_t *terrane_compile_inputs (const TerraneRecipe *recipe, const char *prefix,
                                const OciDigest *root);

G_END_DECLS
