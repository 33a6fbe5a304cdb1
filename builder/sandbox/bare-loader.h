/* Runs programs of an image with the image's own dynamic linker, where the root directory cannot be
 * changed: paths are those of the files on the host. */
#pragma once

#include "builder/sandbox/argv.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * terrane_bare_loader_wrap:
 * @root: directory of the image's files, whose links are relative
 * @env: the program's, for its PATH and LD_LIBRARY_PATH
 * @argv: program and arguments
 * @words: receives the command to execute
 *
 * Words that are paths of the image are changed to paths below @root.
 *
 * Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO.
 */
gboolean terrane_bare_loader_wrap (const char *root, const char *const *env,
                                   const char *const *argv, TerraneArgv *words, GError **error);

/** Changes paths of the image to paths below @root, also in lists of paths. Omits LD_LIBRARY_PATH,
 * since programs of the host would load the image's libraries; temporary files are the image's.
 * Returns: (transfer full) */
char **terrane_bare_loader_env (const char *root, const char *const *env);

G_END_DECLS
