/* Paths as files elsewhere have to spell them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_path_from:
 * @directory: (nullable): need not exist
 * @path: as this process finds it
 *
 * Returns: (transfer full): the path that leads from @directory there, without symbolic links; an
 *   absolute one stays as it is. Without @directory an absolute path
 */
char *terrane_path_from (const char *directory, const char *path);

G_END_DECLS
