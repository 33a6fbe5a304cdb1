/* What an image keeps of a recipe: a JSON document in the tree that was compiled, by which `check`
 * and `why` know the recipe in any image, and on which nothing of this machine has an influence.
 * docs/recipe.md has its members. */
#pragma once

#include "builder/profile/recipe.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_describe:
 * @build: see terrane_compile_builds()
 *
 * Returns: (transfer full): the members that describe @recipe: name, version, build, licence,
 * sources, patches
 */
json_t *terrane_compiled_describe (const TerraneRecipe *recipe, const OciDigest *build);

/**
 * terrane_compiled_document:
 * @builds: see terrane_compile_builds()
 * @files: (nullable): array of paths below the prefix
 *
 * Returns: (transfer full): the document of the main recipe, with all that it needs
 */
GBytes *terrane_compiled_document (const TerraneRecipeSet *set, const GArray *builds,
                                   json_t *files);

/** Where it is below the prefix. Returns: (transfer full) */
char *terrane_compiled_document_place (const TerraneRecipe *recipe);

G_END_DECLS
