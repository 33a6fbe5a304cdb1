/* Libraries that modules of Python's standard library load. If they are imported first, modules
 * imported later get these libraries, even if they have another of that name beside them. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/programs.h"

G_BEGIN_DECLS

typedef struct _TerraneFirstImports TerraneFirstImports;

/** Makes an empty record of needs. @view: must outlive it. Returns: (transfer full) */
TerraneFirstImports *terrane_first_imports_new (const TerraneImageView *view);
void terrane_first_imports_free (TerraneFirstImports *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneFirstImports, terrane_first_imports_free)

/** Records a need: a visitor of programs, which the parameters come from. */
void terrane_first_imports_note (TerraneFirstImports *self, const TerraneRoot *root,
                                 const TerraneLoaded *loader, const char *name,
                                 const TerraneLoaded *found);

/** Adds findings elf.shadowed-library, once all needs are recorded. */
void terrane_first_imports_report (const TerraneFirstImports *self, TerraneFindings *findings);

G_END_DECLS
