/* Finds programs and libraries that cannot be loaded, or not as intended: what ld.so would report
 * at the first import on Lambda, without running anything. */
#pragma once

#include "builder/check/finding.h"
#include "builder/check/missing-library.h"

G_BEGIN_DECLS

/**
 * terrane_check_programs:
 * @programs: of @view
 * @absent: for advice about a missing library
 *
 * Adds findings of the family "elf". A missing library or version is an error if the entrypoint, a
 * program on PATH or a module where Python looks for modules needs it, and a warning otherwise: a
 * file that is not known to be loaded may be an unused plugin.
 */
void terrane_check_programs (const TerraneImageView *view, TerranePrograms *programs,
                             const TerraneAbsentLibraries *absent, TerraneFindings *findings);

G_END_DECLS
