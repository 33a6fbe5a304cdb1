/* Compares images by tree: sizes, numbers of files, layers. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/** Returns: (transfer full): "trees" of docs/record.md: a row for each tree of either image. @diff:
 * with the layers of its nodes */
json_t *terrane_diff_trees (const TerraneDiffSide *a, const TerraneDiffSide *b,
                            const TerraneTreeDiff *diff);

G_END_DECLS
