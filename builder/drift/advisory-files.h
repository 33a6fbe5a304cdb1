/* Advisories out of files: OSV's JSON, one record each, and zip files of such, as the databases are
 * exported ("all.zip" of an ecosystem). */
#pragma once

#include "builder/drift/advisories.h"

G_BEGIN_DECLS

typedef struct
{
  guint records; /* that were read */
  guint broken;  /* that could not be read */
  char *first;   /* (nullable): why the first of these could not */
} TerraneAdvisoryFiles;

void terrane_advisory_files_clear (TerraneAdvisoryFiles *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneAdvisoryFiles, terrane_advisory_files_clear)

/**
 * terrane_advisory_files_read:
 * @path: a file, or a directory with .json and .zip files, also in directories below
 *
 * A record that cannot be read is counted; a file that cannot be, is an error.
 */
gboolean terrane_advisory_files_read (const char *path, TerraneAdvisories *advisories,
                                      TerraneAdvisoryFiles *out_files, GError **error);

G_END_DECLS
