/* Variables of recipes: names with the values that they may have, which a profile chooses from. */
#pragma once

#include "builder/profile/field.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* as the steps see it */
  char **values;
  char *fallback; /* one of them */
} TerraneRecipeVariable;

/* A recipe that is needed, perhaps only with some values of variables. */
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
 * Notes what is wrong with them together.
 */
void terrane_recipe_variables_check (const OciJson *at, const GPtrArray *variables,
                                     const GPtrArray *needs, const json_t *environment);

/**
 * terrane_recipe_variables_choose:
 * @chosen: (nullable): object of strings: what the profile says; names that are not in @variables
 *   are left alone
 *
 * Returns: (transfer full) (nullable): an object with the value of each, %OCI_ERROR_USAGE when it
 *   may not have that
 */
json_t *terrane_recipe_variables_choose (const GPtrArray *variables, const json_t *chosen,
                                         GError **error);

/** Whether it is needed with these values, of all variables of the recipe. */
gboolean terrane_recipe_need_holds (const TerraneRecipeNeed *self, const json_t *values);

/** "GDAL_FLAVOUR (small, normal or full)" Returns: (transfer full) */
char *terrane_recipe_variable_describe (const TerraneRecipeVariable *self);

G_END_DECLS
