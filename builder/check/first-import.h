/* Libraries that modules of Python's own bring into the process when they are imported first: what
 * is imported later and has another of that name beside it gets those. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/programs.h"

G_BEGIN_DECLS

typedef struct _TerraneFirstImports TerraneFirstImports;

TerraneFirstImports *terrane_first_imports_new (const TerraneImageView *view);
void terrane_first_imports_free (TerraneFirstImports *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneFirstImports, terrane_first_imports_free)

/** Takes note of a need, as a visitor of programs is told it. */
void terrane_first_imports_note (TerraneFirstImports *self, const TerraneRoot *root,
                                 const TerraneLoaded *loader, const char *name,
                                 const TerraneLoaded *found);

/** Adds findings elf.shadowed-library, after all needs. */
void terrane_first_imports_report (const TerraneFirstImports *self, TerraneFindings *findings);

G_END_DECLS
