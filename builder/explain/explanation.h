/* An explanation while it is made: its steps, and the reasons of a step, which are texts. */
#pragma once

#include "builder/explain/compare.h"
#include "builder/explain/steps.h"

G_BEGIN_DECLS

#define TERRANE_FROM_CACHE "--cache-from has it"
#define TERRANE_ANOTHER_VERSION "terrane is another one"
#define TERRANE_GONE "was not in the store any more: gc removed it, or the store is another one"

typedef struct
{
  TerraneStore *store;
  const TerraneStepFacts *facts;
  const json_t *before; /* (nullable) */
  const json_t *after;
  json_t *causes;
  const char *unknown; /* (nullable): why nothing can be compared */
  json_t *steps;
  GHashTable *changed; /* of char *: names of recipes that are compiled, or have changed */
} TerraneExplanation;

/** Appends a text to @reasons. */
void terrane_reasons_say (json_t *reasons, const char *format, ...) G_GNUC_PRINTF (2, 3);
/** Whether there is one. */
gboolean terrane_reasons_exist (const json_t *reasons);
/** Appends texts. @more: (transfer full) */
void terrane_reasons_extend (json_t *reasons, json_t *more);

/** Appends a step. @name: (nullable). @open: only a build can find out whether that is so.
 * @reasons: (transfer full). Returns: (transfer none) */
json_t *terrane_explanation_add_step (TerraneExplanation *self, const char *step, const char *name,
                                      const char *result, gboolean open, json_t *reasons);

/** Whether one of the versions named by @tools, which is NULL-terminated, changed. */
gboolean terrane_explanation_tool_changed (const TerraneExplanation *self,
                                           const char *const *tools);

/** Whether both have the member, and it is the same. */
gboolean terrane_explanation_is_same (const json_t *before, const json_t *after,
                                      const char *member);

/** Adds why the same files are divided differently into layers: by the profile, or by the lock.
 * @tree: (nullable): one of them */
void terrane_explanation_add_division (const TerraneExplanation *self, const char *tree,
                                       json_t *reasons);

/** Adds what changed about the list of the trees, which the image and its history depend on. */
void terrane_explanation_add_structure (const TerraneExplanation *self, json_t *reasons);

G_END_DECLS
