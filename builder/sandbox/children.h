/* The children of a process that is not ours, as the kernel lists them. */
#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * terrane_children_kill:
 * @parent: a process that does not end meanwhile
 *
 * Kills the children of @parent, but not what those have started. Each is looked at again through a
 * descriptor of it before, so that a number that is another process's by now is not hit.
 *
 * Returns: how many were there to be killed
 */
unsigned terrane_children_kill (pid_t parent);

/** What descends from @ancestor now, some more than @max at most. Returns: (transfer full): of
 * pid_t
 */
GArray *terrane_children_find_all (pid_t ancestor, guint max);

G_END_DECLS
