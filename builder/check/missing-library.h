/* Advice about a missing library: what removed it, or which package contains it. */
#pragma once

#include "builder/facts/programs.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/* Libraries that are listed in the RECORD of Python packages, and that the image lacks. */
typedef struct _TerraneAbsentLibraries TerraneAbsentLibraries;

/**
 * terrane_absent_libraries_new:
 * @python: of @view; both are borrowed. Returns: (transfer full)
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
TerraneAbsentLibraries *terrane_absent_libraries_new (const TerraneImageView *view,
                                                      const TerranePython *python, GError **error);
void terrane_absent_libraries_free (TerraneAbsentLibraries *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneAbsentLibraries, terrane_absent_libraries_free)

/** Returns: (transfer full) (nullable): how to make @loader find @name, a library that may be
 * elsewhere in the image; %NULL if there is no better advice than to add it */
char *terrane_missing_library_fix (const TerraneAbsentLibraries *self, const TerraneLoaded *loader,
                                   const char *name);

/** Returns: (transfer full): the package to add for @name */
char *terrane_missing_library_package (const char *name);

G_END_DECLS
