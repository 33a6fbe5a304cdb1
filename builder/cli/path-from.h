/* Relative paths for files in other directories. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_path_from:
 * @directory: (nullable): need not exist
 * @path: relative to the working directory, or absolute
 *
 * Returns: (transfer full): the path from @directory to @path, without symbolic links; an absolute
 *   one is unchanged. An absolute path if @directory is %NULL
 */
char *terrane_path_from (const char *directory, const char *path);

G_END_DECLS
