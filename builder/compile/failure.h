/* Why a step of a recipe failed, in words. */
#pragma once

#include "builder/compile/step.h"
#include "builder/profile/recipe.h"

G_BEGIN_DECLS

/* What the names of steps begin with that apply a patch. */
#define TERRANE_COMPILE_PATCH "the patch "

/**
 * terrane_compile_explain:
 * @step: what was run, for the message
 * @log: (nullable): path of the whole log
 *
 * Sets @error to one that has how the step ended, what that probably means, and the end of its
 * output. Returns: FALSE
 */
gboolean terrane_compile_explain (const TerraneRecipe *recipe, const char *step,
                                  const TerraneStepEnd *end, const char *log, GError **error);

G_END_DECLS
