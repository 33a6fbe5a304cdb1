/* Why one build is not like another: the differences of what they are made of, each once. */
#pragma once

#include "builder/explain/inputs.h"

G_BEGIN_DECLS

/* What a cause is about. */
typedef enum
{
  TERRANE_CAUSE_TOOLS,      /* who makes trees and layers */
  TERRANE_CAUSE_SOURCE,     /* what the tree of a source is read from */
  TERRANE_CAUSE_RECIPE,     /* how one of its recipes is compiled */
  TERRANE_CAUSE_TRANSFORM,  /* what is done to a tree that was read */
  TERRANE_CAUSE_ORDER,      /* which trees there are, one over the other */
  TERRANE_CAUSE_CONFIG,     /* the image's configuration and annotations */
  TERRANE_CAUSE_CHECKS,     /* what the static checks depend on, besides the image */
  TERRANE_CAUSE_VALIDATION, /* what is run of it, and how */
} TerraneCauseKind;

/**
 * terrane_inputs_compare:
 * @store: whose commits say which files are others
 * @facts: of the later build: trees in memory are looked into
 * @before, @after: from terrane_inputs_new()
 *
 * Returns: (transfer full): an array of {"kind", "name", "text"}: with "name" the source, "base" or
 * a tree; of a recipe also "recipe". In the order of a build.
 */
json_t *terrane_inputs_compare (TerraneStore *store, const TerraneBuildFacts *facts,
                                const json_t *before, const json_t *after);

/** The texts of causes of one kind, about @name if it is not %NULL, about @recipe likewise.
 * Returns: (transfer full): an array */
json_t *terrane_causes_find (const json_t *causes, TerraneCauseKind kind, const char *name,
                             const char *recipe);

/**
 * terrane_describe_difference:
 * @what: its name, such as "config.env"
 * @before, @after: (nullable): JSON
 * @out_lines: (element-type utf8): gets "config.env.A 1 → 2", "exclude +x −y" and the like
 */
void terrane_describe_difference (const char *what, const json_t *before, const json_t *after,
                                  GPtrArray *out_lines);

G_END_DECLS
