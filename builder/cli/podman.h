/* An image of the store in podman, as near to Lambda as podman comes. */
#pragma once

#include "builder/cli/function.h"

G_BEGIN_DECLS

/**
 * terrane_podman_exec:
 * @command: (nullable): program and arguments instead of the image's entrypoint and command
 *
 * Prints the podman command on stderr and becomes it: terminal, signals and exit code are podman's.
 *
 * Returns: only when that failed, FALSE
 */
gboolean terrane_podman_exec (TerraneGlobal *global, const char *image, char **command,
                              const TerraneFunctionArguments *arguments, GError **error);

G_END_DECLS
