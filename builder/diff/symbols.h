/* Libraries whose name or exported symbols differ. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/** Reads the ELF files that differ. Returns: (transfer full) (nullable): array, see docs/record.md
 */
json_t *terrane_diff_symbols (const TerraneDiffSide *a, const TerraneDiffSide *b,
                              const TerraneTreeDiff *diff, GError **error);

/** "libz" for "libz.so.1.2" and "libz-1a2b3c4d.so.1", as auditwheel names its copies. Returns:
 * (transfer full) */
char *terrane_diff_library_stem (const char *soname);

G_END_DECLS
