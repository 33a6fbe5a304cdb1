/* Files of an image by the paths that they have inside of it: its links, absolute ones too, lead to
 * where they would in there, and never to the host's files. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/* Where programs are looked for when the environment does not say. */
#define TERRANE_SANDBOX_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** @root: descriptor of its directory. @flags: of open(); it never waits. Returns: -1 with errno */
int terrane_root_path_open (int root, const char *path, int flags);

/** As terrane_root_path_open() with O_PATH, in the directory of that name. */
int terrane_root_path_find (const char *root, const char *path, int flags);

/** The path of an open file below the root, without any link in it; "/" of the root itself.
 * Returns: (transfer full) (nullable) */
char *terrane_root_path_below (int root, int fd);

/** Whether @path, which must be absolute, is a file that may be executed. */
gboolean terrane_root_path_is_program (int root, const char *path);

G_END_DECLS
