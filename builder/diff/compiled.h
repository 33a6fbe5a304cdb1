/* Finds the differences between two compilations of one recipe. */
#pragma once

#include "builder/diff/tree-diff.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer full): array of objects with "path", "attribute" and what differs in it, see
 * docs/record.md; empty if both are the same. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree). */
json_t *terrane_diff_compiled (const TerraneDiffRoot *a, const TerraneDiffRoot *b, GError **error);

G_END_DECLS
