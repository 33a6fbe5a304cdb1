/* Explains what a build did, or would do, step by step, and why. */
#pragma once

#include "builder/explain/steps.h"

G_BEGIN_DECLS

/** Returns: (transfer full): an empty array of TerraneLayerStep */
GPtrArray *terrane_layer_steps_new (void);
/** Appends a layer. @packages: (nullable). Returns: (transfer none) */
TerraneLayerStep *terrane_layer_steps_add (GPtrArray *steps, const char *name,
                                           const char *const *packages);

/**
 * terrane_recipes_look:
 * @pin: of a compiled source, whose key is known
 * @compiled: (inout): set of keys in hexadecimal: compiled for trees before this one
 *
 * Finds out which recipes have to be compiled, as far as the store knows.
 *
 * Returns: (transfer full): an array of {"name", "version", "compile", "needed", "taken"}: whether
 * it has to be compiled; whether its result is there or has to be; whether a registry had it
 * Errors: codes of %G_IO_ERROR (from libostree).
 */
json_t *terrane_recipes_look (TerraneStore *store, const TerranePin *pin, GHashTable *compiled,
                              GError **error);

/**
 * terrane_explain_build:
 * @before: (nullable): inputs of the last build of the name
 * @after: inputs of this one
 * @first: whether the name had no image before
 *
 * Returns: (transfer full): {"since", "unknown", "causes", "steps"}: docs/record.md
 */
json_t *terrane_explain_build (TerraneStore *store, const TerraneStepFacts *steps,
                               const json_t *before, const json_t *after, gboolean first);

G_END_DECLS
