/* Records the inputs of a build for the next one, and explains why each step was done. */
#pragma once

#include "builder/explain/explain.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

/* State collected while a build runs. */
typedef struct
{
  GPtrArray *recipes; /* of json_t: recipes that are compiled, see TerraneStepFacts */
} TerraneBuildWatch;

/** Collects what only the store before the build knows; called before trees are made, if
 * explanations are wanted. @watch: (out). Errors: codes of %G_IO_ERROR (from libostree). */
gboolean terrane_build_watch (TerraneStore *store, TerranePlan *plan, TerraneBuildWatch *watch,
                              GError **error);
void terrane_build_watch_clear (TerraneBuildWatch *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneBuildWatch, terrane_build_watch_clear)

/**
 * terrane_build_find_validation:
 * @validate: whether validation is wanted
 * @out_inputs: (out) (transfer full) (nullable): %NULL if nothing would be run
 *
 * Finds the inputs of the validation of @image, and whether its results are known.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_build_find_validation (TerraneStore *store, const TerraneProfile *profile,
                                        gboolean validate, TerraneSandboxKind sandbox,
                                        const TerraneImage *image, json_t **out_inputs,
                                        TerraneStepState *out_state, GError **error);

/**
 * terrane_build_note_inputs:
 * @facts: of an image that has been made, but not validated yet
 * @validation: what the validation will do
 * @watch: for the explanation
 * @out_explanation: (out) (transfer full) (nullable): %NULL if @watch is empty
 *
 * Returns: (transfer full): the inputs of the build
 */
json_t *terrane_build_note_inputs (TerraneStore *store, const TerraneBuildFacts *facts,
                                   TerraneStepState validation, const TerraneBuildWatch *watch,
                                   json_t **out_explanation);

G_END_DECLS
