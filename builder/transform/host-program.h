/* Identifies programs of this machine, for the keys of results that they make. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_host_program_identity:
 * @name: searched for in $PATH
 *
 * Digests the program and the libraries that the dynamic linker loads with it, once for each
 * program, since they do not change while a command runs.
 *
 * Returns: (transfer none): text that changes when any of these files does
 * Errors: %OCI_ERROR_NOT_FOUND if the program does not exist; %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
const char *terrane_host_program_identity (const char *name, GError **error);

G_END_DECLS
