/* Packages that came, went, or changed their version, and which package changed files are of. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

typedef struct _TerraneDiffPackages TerraneDiffPackages;

/** Looks where files differ only. @diff: gets what says which packages there are.
 * Returns: (transfer full) (nullable) */
TerraneDiffPackages *terrane_diff_packages_new (const TerraneDiffSide *a, const TerraneDiffSide *b,
                                                TerraneTreeDiff *diff, GError **error);
void terrane_diff_packages_free (TerraneDiffPackages *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDiffPackages, terrane_diff_packages_free)

/** The name of the package that the path is of. Returns: (transfer none) (nullable) */
const char *terrane_diff_packages_owner (const TerraneDiffPackages *self,
                                         const TerraneDiffChange *change);

/** Returns: (transfer full): array of what docs/record.md says; the largest change first */
json_t *terrane_diff_packages_to_json (const TerraneDiffPackages *self);

G_END_DECLS
