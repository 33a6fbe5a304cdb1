/* Explains why two builds differ: the differences of their inputs, each once. */
#pragma once

#include "builder/explain/comparison.h"

G_BEGIN_DECLS

/**
 * terrane_inputs_compare:
 * @store: has the commits in which files are compared
 * @facts: of the later build: its trees in memory are used
 * @before, @after: from terrane_inputs_new()
 *
 * Returns: (transfer full): an array of {"kind", "name", "text"} in the order of a build; "name" is
 *   the source, "base" or a tree; for a recipe also "recipe"
 */
json_t *terrane_inputs_compare (TerraneStore *store, const TerraneBuildFacts *facts,
                                const json_t *before, const json_t *after);

/** Returns: (transfer full): an array with the texts of causes of one kind, only about @name unless
 * it is %NULL, likewise @recipe */
json_t *terrane_causes_find (const json_t *causes, TerraneCauseKind kind, const char *name,
                             const char *recipe);

/** Whether an element of the causes is of this kind. */
gboolean terrane_cause_is (const json_t *cause, TerraneCauseKind kind);

G_END_DECLS
