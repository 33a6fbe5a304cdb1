/* A control group for a sandbox, where this user may make one: cgroup v2, delegated. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _TerraneCgroup TerraneCgroup;

/**
 * terrane_cgroup_new:
 * @mount: where cgroups are, "/sys/fs/cgroup" except in tests
 * @membership: text of /proc/self/cgroup
 * @memory_bytes: everything in the group is killed above it
 * @processes: more than these cannot be made
 *
 * Looks for the nearest group, of those that this process is in, whose children can have a limit of
 * memory and where this user may make one. Processors as Lambda gives them: one for 1769 MiB.
 * Removes what killed processes of terrane left there.
 *
 * Returns: (transfer full) (nullable): %NULL when there is no such group, which is not an error
 */
TerraneCgroup *terrane_cgroup_new (const char *mount, const char *membership, uint64_t memory_bytes,
                                   unsigned processes);

/** Kills what is left in it. */
void terrane_cgroup_free (TerraneCgroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCgroup, terrane_cgroup_free)

/** Moves a process, and with it what it will start, into the group. */
gboolean terrane_cgroup_add (TerraneCgroup *self, pid_t pid);

/** Whether something was killed for the limit of memory. */
gboolean terrane_cgroup_was_exceeded (const TerraneCgroup *self);

G_END_DECLS
