/* Programs of an image by the image's own dynamic linker, where nothing can change the root
 * directory: paths lead to where the files are on the host. */
#pragma once

#include "builder/sandbox/argv.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * terrane_bare_loader_wrap:
 * @root: directory of the image's files, whose links are relative
 * @env: the program's, for its PATH and LD_LIBRARY_PATH
 * @argv: program and arguments
 * @words: what to execute is added
 *
 * Words that are paths of the image become those below @root.
 */
gboolean terrane_bare_loader_wrap (const char *root, const char *const *env,
                                   const char *const *argv, TerraneArgv *words, GError **error);

/**
 * terrane_bare_loader_env:
 *
 * In lists of paths too, those of the image become those below @root. LD_LIBRARY_PATH is left out,
 * since programs of the host would load the image's libraries; temporary files are the image's.
 *
 * Returns: (transfer full)
 */
char **terrane_bare_loader_env (const char *root, const char *const *env);

G_END_DECLS
