/* Explains why a step of a recipe failed. */
#pragma once

#include "builder/compile/step.h"
#include "builder/profile/recipe.h"

G_BEGIN_DECLS

/* Prefix of the names of steps that apply a patch. */
#define TERRANE_COMPILE_PATCH "the patch "

/**
 * terrane_compile_explain:
 * @step: what was run, for the message
 * @log: (nullable): path of the whole log
 *
 * Sets @error to how the step ended, the probable cause, and the end of its output:
 * %OCI_ERROR_FORMAT. Returns: always %FALSE
 */
gboolean terrane_compile_explain (const TerraneRecipe *recipe, const char *step,
                                  const TerraneStepEnd *end, const char *log, GError **error);

G_END_DECLS
