/* Variables of recipes: names with their possible values, among which a profile chooses. */
#pragma once

#include "builder/profile/field.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* as passed to the steps */
  char **values;
  char *fallback; /* one of them */
} TerraneRecipeVariable;

/* A recipe that is needed, possibly only for some values of variables. */
typedef struct
{
  char *path;
  json_t *when; /* (nullable): object of arrays of strings */
} TerraneRecipeNeed;

extern const TerraneSection terrane_recipe_variable_section;
extern const TerraneSection terrane_recipe_need_section;

/**
 * terrane_recipe_variables_check:
 * @at: the recipe
 * @variables: of TerraneRecipeVariable
 * @needs: of TerraneRecipeNeed
 * @environment: (nullable): object of strings
 *
 * Notes problems with their combination.
 */
void terrane_recipe_variables_check (const OciJson *at, const GPtrArray *variables,
                                     const GPtrArray *needs, const json_t *environment);

/**
 * terrane_recipe_variables_choose:
 * @chosen: (nullable): object of strings: choices of the profile; names that are not in @variables
 *   are ignored
 *
 * Returns: (transfer full): an object with the value of each
 * Errors: %OCI_ERROR_USAGE for a value that is not possible.
 */
json_t *terrane_recipe_variables_choose (const GPtrArray *variables, const json_t *chosen,
                                         GError **error);

/** Whether the recipe is needed for these values of all variables. */
gboolean terrane_recipe_need_holds (const TerraneRecipeNeed *self, const json_t *values);

/** Whether both are needed for some values. */
gboolean terrane_recipe_needs_overlap (const TerraneRecipeNeed *a, const TerraneRecipeNeed *b);

/** Returns: (transfer full): "GDAL_FLAVOUR (small, normal or full)" */
char *terrane_recipe_variable_describe (const TerraneRecipeVariable *self);

G_END_DECLS
