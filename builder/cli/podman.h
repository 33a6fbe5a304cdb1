/* Runs an image of the store in podman, as similar to Lambda as podman allows. */
#pragma once

#include "builder/cli/function.h"

G_BEGIN_DECLS

/**
 * terrane_podman_exec:
 * @command: (nullable): program and arguments, replacing the image's entrypoint and command
 *
 * Prints the podman command on stderr and executes it in this process: terminal, signals and exit
 * code are podman's.
 *
 * Returns: only after a failure, always %FALSE
 * Errors: %OCI_ERROR_NOT_FOUND without podman; those of terrane_function_open(): the codes of
 *   OCI_ERROR, such as %OCI_ERROR_USAGE and %OCI_ERROR_IO, and those of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_podman_exec (TerraneGlobal *global, const char *image, char **command,
                              const TerraneFunctionArguments *arguments, GError **error);

G_END_DECLS
