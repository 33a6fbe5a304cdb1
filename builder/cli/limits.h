/* Resource limits of this process: checks that they suffice, and ends it when it reaches one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** To be called first: refuses too few descriptors and too small a stack; raises the soft limit of
 * descriptors if possible. Threads get stacks of their own size. Errors: %OCI_ERROR_IO. */
gboolean terrane_limits_apply (GError **error);

/** Ends the process with @message, which is GLib's for a lack of memory, threads or descriptors:
 * with an exit code instead of a signal. Allocates nothing. */
G_NORETURN void terrane_limits_end (const char *message);

G_END_DECLS
