/* Finds the children of another process, as listed by the kernel. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * terrane_children_kill:
 * @parent: a process that does not end meanwhile
 *
 * Kills the children of @parent, but not their children. Each is examined again through a
 * descriptor of it, so that a process that has reused the number is not killed.
 *
 * Returns: number of children found
 */
unsigned terrane_children_kill (pid_t parent);

/** Finds the descendants of @ancestor, at most a few more than @max. Returns: (transfer full): of
 * pid_t */
GArray *terrane_children_find_all (pid_t ancestor, guint max);

G_END_DECLS
