/* Checks standard descriptors before a program of a sandbox gets them. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** Refuses directories, which lead out of any root: /proc/self/fd/0/.. is the host's. @stdio:
 * (nullable): three. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO. */
gboolean terrane_stdio_check (const int *stdio, GError **error);

G_END_DECLS
