/* What a build was made of, kept for the next one, and why it did what it did. */
#pragma once

#include "builder/explain/explain.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

/* While a build goes on. */
typedef struct
{
  GPtrArray *recipes; /* of json_t: which recipes are compiled, see TerraneStepFacts */
} TerraneBuildWatch;

/** Before trees are made, when reasons are wanted: what only the store of before knows. @watch:
 * (out) */
gboolean terrane_build_watch (TerraneStore *store, TerranePlan *plan, TerraneBuildWatch *watch,
                              GError **error);
void terrane_build_watch_clear (TerraneBuildWatch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneBuildWatch, terrane_build_watch_clear)

/**
 * terrane_build_find_validation:
 * @validate: whether it is wanted
 * @out_inputs: (out) (transfer full) (nullable): %NULL when nothing would be run
 *
 * What the validation of @image depends on, and whether its results are known.
 */
gboolean terrane_build_find_validation (TerraneStore *store, const TerraneProfile *profile,
                                        gboolean validate, TerraneSandboxKind sandbox,
                                        const TerraneImage *image, json_t **out_inputs,
                                        TerraneStepState *out_state, GError **error);

/**
 * terrane_build_note_inputs:
 * @facts: of an image that is made, and not validated yet
 * @validation: what it will do
 * @watch: for the explanation
 * @out_explanation: (out) (transfer full) (nullable): %NULL when @watch is empty
 *
 * Returns: (transfer full): what the build was made of
 */
json_t *terrane_build_note_inputs (TerraneStore *store, const TerraneBuildFacts *facts,
                                   TerraneStepState validation, const TerraneBuildWatch *watch,
                                   json_t **out_explanation);

G_END_DECLS
