/* What an image keeps of a recipe: a JSON document in the tree that was compiled, by which `check`
 * and `why` know the recipe in any image, and on which nothing of this machine has an influence.
 * docs/recipe.md has its members. What was compiled has a shorter one at the same place, a note of
 * what was there while it was compiled. */
#pragma once

#include "builder/profile/recipe.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the members that describe @recipe: name, version, licence, variables,
 * sources, patches */
json_t *terrane_compiled_describe (const TerraneRecipe *recipe);

/**
 * terrane_compiled_note:
 * @needs: of TerraneRecipe: all that a recipe was compiled with
 * @commits: of OciDigest: what each of them made
 */
GBytes *terrane_compiled_note (const GPtrArray *needs, const GArray *commits);

/**
 * terrane_compiled_document:
 * @commit: what the recipe made
 * @note: (nullable): what the above gave for it
 * @files: array of paths below the prefix
 *
 * Returns: (transfer full): the document
 */
GBytes *terrane_compiled_document (const TerraneRecipe *recipe, const OciDigest *commit,
                                   GBytes *note, json_t *files);

/** Where both are below the prefix. Returns: (transfer full) */
char *terrane_compiled_document_place (const TerraneRecipe *recipe);

G_END_DECLS
