/* Compares the names and exported symbols of libraries. */
#pragma once

#include "builder/diff/side.h"
#include "builder/diff/tree-diff.h"

G_BEGIN_DECLS

/** Reads the ELF files that differ. Returns: (transfer full): array, see docs/record.md. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
json_t *terrane_diff_symbols (const TerraneDiffSide *a, const TerraneDiffSide *b,
                              const TerraneTreeDiff *diff, GError **error);

/** Returns: (transfer full): "libz" for "libz.so.1.2", and for "libz-1a2b3c4d.so.1", the form of
 * auditwheel's copies */
char *terrane_diff_library_stem (const char *soname);

G_END_DECLS
