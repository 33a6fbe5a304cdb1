/* Several libraries of one DT_SONAME: the first that is loaded serves all, so each must have what
 * everybody wants. */
#pragma once

#include "builder/check/programs.h"

G_BEGIN_DECLS

/**
 * terrane_check_symbols:
 * @programs: of @view
 *
 * Adds findings elf.undefined-symbol. Symbols are read only of files that have such a name or need
 * it. Fails only when files cannot be read.
 */
gboolean terrane_check_symbols (const TerraneImageView *view, TerranePrograms *programs,
                                TerraneFindings *findings, GError **error);

G_END_DECLS
