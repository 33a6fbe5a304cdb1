/* Opens files of an image by the paths that they have inside of it: its links, including absolute
 * ones, are followed as they would be there, never to the host's files. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* Search path of programs if the environment has none. */
#define TERRANE_SANDBOX_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Opens a file. @root: descriptor of its directory. @flags: of open(); never blocks. Returns: -1
 * with errno on failure */
int terrane_root_path_open (int root, const char *path, int flags);

/** Like terrane_root_path_open() with O_PATH, in the directory of that name. */
int terrane_root_path_find (const char *root, const char *path, int flags);

/** Returns: (transfer full) (nullable): path of an open file below the root, without any link in
 * it; "/" for the root itself */
char *terrane_root_path_below (int root, int fd);

/** Whether @path, which must be absolute, is an executable file. */
gboolean terrane_root_path_is_program (int root, const char *path);

G_END_DECLS
