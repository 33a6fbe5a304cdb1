/* What a program of this machine is, for keys of results that it makes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_host_program_identity:
 * @name: looked for in $PATH
 *
 * Digests the program and the libraries that the dynamic linker loads with it. Asked once for each
 * program: it stays the same while a command runs.
 *
 * Returns: (transfer none) (nullable): text that changes when any of those files does; %NULL with
 * %OCI_ERROR_NOT_FOUND when there is no such program
 */
const char *terrane_host_program_identity (const char *name, GError **error);

G_END_DECLS
