/* Reads advisories from files: OSV's JSON, one record each, and zip files of such, the form in
 * which the databases are exported ("all.zip" of an ecosystem). */
#pragma once

#include "builder/drift/advisories.h"

G_BEGIN_DECLS

typedef struct
{
  guint records; /* number of records read */
  guint broken;  /* number of records that could not be read */
  char *first;   /* (nullable): why the first of these could not be read */
} TerraneAdvisoryFiles;

void terrane_advisory_files_clear (TerraneAdvisoryFiles *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneAdvisoryFiles, terrane_advisory_files_clear)

/**
 * terrane_advisory_files_read:
 * @path: a file, or a directory with .json and .zip files, also in subdirectories
 *
 * An unreadable record is counted; an unreadable file is an error.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
gboolean terrane_advisory_files_read (const char *path, TerraneAdvisories *advisories,
                                      TerraneAdvisoryFiles *out_files, GError **error);

G_END_DECLS
