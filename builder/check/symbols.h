/* Checks libraries with the same DT_SONAME: the first one that is loaded is used by all, so each
 * must have all the symbols that are needed. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/programs.h"

G_BEGIN_DECLS

/**
 * terrane_check_symbols:
 * @programs: of @view
 *
 * Adds findings elf.undefined-symbol and elf.twin-library. Symbols are searched for like ld.so
 * does, in all files that are loaded together, and read only if such a name makes it necessary.
 * Fails only if files cannot be read.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_check_symbols (const TerraneImageView *view, TerranePrograms *programs,
                                TerraneFindings *findings, GError **error);

G_END_DECLS
