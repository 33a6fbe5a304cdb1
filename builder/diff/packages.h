/* Finds packages that were added, removed or changed their version, and the package of each changed
 * file. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

typedef struct _TerraneDiffPackages TerraneDiffPackages;

/** Examines only the directories of files that differ. @diff: files that describe packages are
 * added. Returns: (transfer full). Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO,
 * codes of %G_IO_ERROR (from libostree). */
TerraneDiffPackages *terrane_diff_packages_new (const TerraneDiffSide *a, const TerraneDiffSide *b,
                                                TerraneTreeDiff *diff, GError **error);
void terrane_diff_packages_free (TerraneDiffPackages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDiffPackages, terrane_diff_packages_free)

/** Returns: (transfer none) (nullable): name of the package that contains the path */
const char *terrane_diff_packages_owner (const TerraneDiffPackages *self,
                                         const TerraneDiffChange *change);

/** Returns: (transfer full): array as in docs/record.md, the largest change first */
json_t *terrane_diff_packages_to_json (const TerraneDiffPackages *self);

G_END_DECLS
