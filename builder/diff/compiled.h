/* What differs between two compilations of one recipe. */
#pragma once

#include "builder/diff/tree-diff.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer full) (nullable): array of {"path", "attribute", "section", "offset"}, see
 * docs/record.md; empty when both made the same */
json_t *terrane_diff_compiled (const TerraneDiffRoot *a, const TerraneDiffRoot *b, GError **error);

G_END_DECLS
