/* Why a step of a recipe failed, in words. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

/**
 * terrane_compile_explain:
 * @step: what was run, for the message
 * @log: (nullable): path of the whole log
 *
 * Sets @error to one that has how the step ended, what that probably means, and the end of its
 * output. Returns: FALSE
 */
gboolean terrane_compile_explain (const TerraneRecipe *recipe, const char *step,
                                  const TerraneProcessResult *result, const char *log,
                                  GError **error);

G_END_DECLS
