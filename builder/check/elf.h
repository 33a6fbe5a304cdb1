/* Programs and libraries that cannot be loaded, or not as intended: what ld.so would say at the
 * first import on Lambda, found without running anything. */
#pragma once

#include "builder/check/finding.h"
#include "builder/check/missing-library.h"

G_BEGIN_DECLS

/**
 * terrane_check_programs:
 * @programs: of @view
 * @absent: for what to do about a missing library
 *
 * Adds findings of the family "elf". A missing library or version is an error when the entrypoint,
 * a program on PATH or a module where Python looks for such needs it, and a warning otherwise: what
 * nobody is known to load may be a plugin that is not wanted.
 */
void terrane_check_programs (const TerraneImageView *view, TerranePrograms *programs,
                             const TerraneAbsentLibraries *absent, TerraneFindings *findings);

G_END_DECLS
