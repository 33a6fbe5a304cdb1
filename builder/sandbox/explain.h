/* Why a host does not let bubblewrap make a sandbox. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_sandbox_explain:
 * @proc_sys: directory descriptor of /proc/sys, or of something like it in tests
 *
 * Why this host does not let bubblewrap make namespaces, and what would.
 *
 * Returns: (transfer full)
 */
char *terrane_sandbox_explain (int proc_sys);

G_END_DECLS
