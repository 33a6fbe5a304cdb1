/* The document about a recipe in an image: JSON in the compiled tree, from which `check` and `why`
 * recognise the recipe in any image; independent of the machine. docs/recipe.md has its members.
 * The output of a recipe contains a shorter one in the same place, a note of the recipes it was
 * compiled with. */
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
 * @commits: of OciDigest: the output of each of them
 *
 * Returns: (transfer full): the note
 */
GBytes *terrane_compiled_note (const GPtrArray *needs, const GArray *commits);

/**
 * terrane_compiled_document:
 * @commit: output of the recipe
 * @note: (nullable): from terrane_compiled_note()
 * @files: array of paths below the prefix
 *
 * Returns: (transfer full): the document
 */
GBytes *terrane_compiled_document (const TerraneRecipe *recipe, const OciDigest *commit,
                                   GBytes *note, json_t *files);

/** Returns: (transfer full): the place of both below the prefix */
char *terrane_compiled_document_place (const TerraneRecipe *recipe);

G_END_DECLS
