/* A comparison of the inputs of two builds, and the list of causes that it makes. */
#pragma once

#include "builder/explain/inputs.h"

G_BEGIN_DECLS

/* Subject of a cause. */
typedef enum
{
  TERRANE_CAUSE_TOOLS,       /* the versions that make trees and layers */
  TERRANE_CAUSE_TARGET,      /* platform and target of the image */
  TERRANE_CAUSE_SOURCE,      /* the input of a source's tree */
  TERRANE_CAUSE_RECIPE,      /* compilation of one of its recipes */
  TERRANE_CAUSE_TRANSFORM,   /* changes to a tree after it was read */
  TERRANE_CAUSE_ORDER,       /* number, order and precedence of the trees */
  TERRANE_CAUSE_LAYERS,      /* how trees are divided into layers */
  TERRANE_CAUSE_CONFIG,      /* the image's configuration */
  TERRANE_CAUSE_ANNOTATIONS, /* of its manifest */
  TERRANE_CAUSE_CHECKS,      /* settings of the static checks */
  TERRANE_CAUSE_VALIDATION,  /* what the validation runs, and how */
} TerraneCauseKind;

typedef struct
{
  TerraneStore *store;
  const TerraneBuildFacts *facts; /* of the later build */
  const json_t *before;
  const json_t *after;
  json_t *causes;
} TerraneComparison;

/** Returns: (transfer none): the word for a kind in documents */
const char *terrane_cause_kind_name (TerraneCauseKind kind);

/** Appends a cause. @name: (nullable): the source. Returns: (transfer none) */
json_t *terrane_comparison_add (TerraneComparison *self, TerraneCauseKind kind, const char *name,
                                const char *text);
/** Appends a cause for each of @lines, which are texts. */
void terrane_comparison_add_lines (TerraneComparison *self, TerraneCauseKind kind, const char *name,
                                   const GPtrArray *lines);
/** Appends causes that describe the difference between two values named @what. @before, @after:
 * (nullable) */
void terrane_comparison_add_difference (TerraneComparison *self, TerraneCauseKind kind,
                                        const char *name, const char *what, const json_t *before,
                                        const json_t *after);

/** Whether a member of two objects differs. */
gboolean terrane_member_differs (const json_t *before, const json_t *after, const char *member);

/** Returns: (transfer none) (nullable): a member that is a text */
const char *terrane_member_text (const json_t *part, const char *member);

G_END_DECLS
