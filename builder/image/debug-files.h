/* What "strip" took out of programs, for debuggers: DIRECTORY/.build-id/XX/YYYY.debug. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/**
 * terrane_debug_files_write:
 * @commits: of OciDigest
 * @path: the directory, made when missing
 *
 * Writes the files of all commits. What is in the directory besides them stays.
 */
gboolean terrane_debug_files_write (TerraneStore *store, const GArray *commits, const char *path,
                                    GError **error);

G_END_DECLS
