/* Compares the findings of static checks.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, codes of
 * %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

/** Checks one image, for the platform it was built for. Returns: (transfer full): array of
 * findings. Errors: see the head. */
json_t *terrane_diff_check (TerraneDiffSide *side, const char *today, GError **error);

/** Checks both images. Returns: (transfer full): {"came", "went"}, arrays of findings.
 * Errors: see the head. */
json_t *terrane_diff_findings (TerraneDiffSide *a, TerraneDiffSide *b, const char *today,
                               GError **error);

G_END_DECLS
