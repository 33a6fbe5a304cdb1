/* Findings of static checks that came and went. */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

/** Checks one image, for what it was built. Returns: (transfer full) (nullable): array of findings
 */
json_t *terrane_diff_check (TerraneDiffSide *side, const char *today, GError **error);

/** Checks both images. Returns: (transfer full) (nullable): {"came", "went"}, arrays of findings */
json_t *terrane_diff_findings (TerraneDiffSide *a, TerraneDiffSide *b, const char *today,
                               GError **error);

G_END_DECLS
