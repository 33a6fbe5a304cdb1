/* Several libraries of one DT_SONAME: the first that is loaded serves all, so each must have what
 * everybody wants. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/programs.h"

G_BEGIN_DECLS

/**
 * terrane_check_symbols:
 * @programs: of @view
 *
 * Adds findings elf.undefined-symbol and elf.twin-library. Symbols are looked for where ld.so does,
 * in everything that is loaded together, and read only where such a name or who needs it makes it
 * necessary. Fails only when files cannot be read.
 */
gboolean terrane_check_symbols (const TerraneImageView *view, TerranePrograms *programs,
                                TerraneFindings *findings, GError **error);

G_END_DECLS
