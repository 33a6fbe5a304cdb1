/* Explains why two images that should be equal differ: the first difference of each kind. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/**
 * terrane_diff_causes:
 * @config, @manifest: from terrane_diff_documents()
 *
 * Returns: (transfer full): array of {"kind", …}, see docs/record.md: at most one each for layers,
 *   configuration and manifest; the last only if nothing else explains the difference
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
json_t *terrane_diff_causes (const TerraneDiffSide *a, const TerraneDiffSide *b,
                             const TerraneTreeDiff *diff, const json_t *config,
                             const json_t *manifest, GError **error);

G_END_DECLS
