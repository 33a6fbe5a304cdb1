/* The steps of a recipe: programs with their arguments, or lines for a shell. */
#pragma once

#include "builder/profile/field.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/* GPtrArray of char **. */
extern const TerraneFieldType terrane_recipe_steps_type;

/**
 * terrane_recipe_check_lengths:
 * @at: the recipe
 * @environment: (nullable): object of strings
 * @variables: of TerraneRecipeVariable
 *
 * Notes a problem for each variable that the kernel would not pass to a step.
 */
void terrane_recipe_check_lengths (const OciJson *at, const json_t *environment,
                                   const GPtrArray *variables);

G_END_DECLS
