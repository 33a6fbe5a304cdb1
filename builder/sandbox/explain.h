/* Explains why a host does not let bubblewrap make a sandbox. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_sandbox_explain:
 * @proc_sys: directory descriptor of /proc/sys, or of a model of it in tests
 *
 * Returns: (transfer full): why this host does not let bubblewrap make namespaces, and what would
 *   allow it
 */
char *terrane_sandbox_explain (int proc_sys);

G_END_DECLS
