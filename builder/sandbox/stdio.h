/* Standard descriptors that a program of a sandbox may be given. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/** A directory is a way out of any root: /proc/self/fd/0/.. is what the host has there. @stdio:
 * (nullable): three */
gboolean terrane_stdio_check (const int *stdio, GError **error);

G_END_DECLS
