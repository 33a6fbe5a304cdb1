/* The limits that this process was started with: what it needs, and its end when it meets one. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_limits_apply:
 *
 * Before anything else: refuses too few descriptors and too small a stack, of which the soft limit
 * is raised if it can be. Threads get a stack of their own size.
 */
gboolean terrane_limits_apply (GError **error);

/** Ends the process with @message, which is GLib's when it got no memory, thread or descriptor:
 * with an exit code instead of a signal. Allocates nothing. */
G_NORETURN void terrane_limits_end (const char *message);

G_END_DECLS
