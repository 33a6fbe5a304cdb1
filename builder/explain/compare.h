/* Explains why two builds differ: the differences of their inputs, each once. */
#pragma once

#include "builder/explain/inputs.h"

G_BEGIN_DECLS

/* Subject of a cause. */
typedef enum
{
  TERRANE_CAUSE_TOOLS,      /* the versions that make trees and layers */
  TERRANE_CAUSE_SOURCE,     /* the input of a source's tree */
  TERRANE_CAUSE_RECIPE,     /* compilation of one of its recipes */
  TERRANE_CAUSE_TRANSFORM,  /* changes to a tree after it was read */
  TERRANE_CAUSE_ORDER,      /* number and order of the trees */
  TERRANE_CAUSE_CONFIG,     /* the image's configuration and annotations */
  TERRANE_CAUSE_CHECKS,     /* what the static checks depend on besides the image */
  TERRANE_CAUSE_VALIDATION, /* what the validation runs, and how */
} TerraneCauseKind;

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

/**
 * terrane_describe_difference:
 * @what: its name, such as "config.env"
 * @before, @after: (nullable): JSON
 * @out_lines: (element-type utf8): receives "config.env.A 1 → 2", "exclude +x −y" and the like
 *
 * Describes the difference between two values.
 */
void terrane_describe_difference (const char *what, const json_t *before, const json_t *after,
                                  GPtrArray *out_lines);

G_END_DECLS
