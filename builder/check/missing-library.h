/* What to do about a library that is not found: who left it out, or which package has it. */
#pragma once

#include "builder/facts/programs.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/* Libraries that packages of Python brought, as their RECORD says, and that the image lacks. */
typedef struct _TerraneAbsentLibraries TerraneAbsentLibraries;

/** @python: of @view; both are borrowed. Returns: (transfer full) (nullable) */
TerraneAbsentLibraries *terrane_absent_libraries_new (const TerraneImageView *view,
                                                      const TerranePython *python, GError **error);
void terrane_absent_libraries_free (TerraneAbsentLibraries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneAbsentLibraries, terrane_absent_libraries_free)

/** Returns: (transfer full) (nullable): what to do so that @loader finds @name, a library that the
 * image may have elsewhere; %NULL when nothing better is known than to add it */
char *terrane_missing_library_fix (const TerraneAbsentLibraries *self, const TerraneLoaded *loader,
                                   const char *name);

/** Returns: (transfer full): which package to add for @name */
char *terrane_missing_library_package (const char *name);

G_END_DECLS
