/* Why two images that were meant to be equal are not: the first difference of each kind. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/**
 * terrane_diff_causes:
 * @config, @manifest: of terrane_diff_documents()
 *
 * Returns: (transfer full) (nullable): array of {"kind", …}, see docs/record.md: at most one for
 *   layers, configuration and manifest each; the last only when nothing else explains it
 */
json_t *terrane_diff_causes (const TerraneDiffSide *a, const TerraneDiffSide *b,
                             const TerraneTreeDiff *diff, const json_t *config,
                             const json_t *manifest, GError **error);

G_END_DECLS
