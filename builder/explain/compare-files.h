/* Compares the files of a source in two builds. */
#pragma once

#include "builder/explain/comparison.h"

G_BEGIN_DECLS

/**
 * terrane_compare_files:
 * @name: the source
 * @before, @after: its parts of the inputs
 * @only_changed: added and removed files have another reason, which was described
 *
 * Adds causes: which files changed, and how.
 *
 * Returns: whether that is known
 */
gboolean terrane_compare_files (TerraneComparison *self, const char *name, const json_t *before,
                                const json_t *after, gboolean only_changed);

G_END_DECLS
