/* Writes the debug information that "strip" separated from programs, for debuggers:
 * DIRECTORY/.build-id/XX/YYYY.debug. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/**
 * terrane_debug_files_write:
 * @commits: of OciDigest
 * @path: the directory, made if it is missing
 *
 * Writes the files of all commits. Other files in the directory are kept.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_debug_files_write (TerraneStore *store, const GArray *commits, const char *path,
                                    GError **error);

G_END_DECLS
