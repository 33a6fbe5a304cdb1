/* A control group for a sandbox, if this user may make one: cgroup v2, delegated. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct _TerraneCgroup TerraneCgroup;

/**
 * terrane_cgroup_new:
 * @mount: root of the cgroups, "/sys/fs/cgroup" except in tests
 * @membership: text of /proc/self/cgroup
 * @memory_bytes: everything in the group is killed above it
 * @processes: maximal number of processes
 *
 * Uses the nearest of the groups that contain this process whose children can have a limit of
 * memory and in which this user may make a group. Processor time is limited as on Lambda: one
 * processor for 1769 MiB. Removes groups that killed processes of terrane left there.
 *
 * Returns: (transfer full) (nullable): %NULL if there is no such group, which is not an error
 */
TerraneCgroup *terrane_cgroup_new (const char *mount, const char *membership, uint64_t memory_bytes,
                                   unsigned processes);

/** Kills the remaining processes, and removes the group. */
void terrane_cgroup_free (TerraneCgroup *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCgroup, terrane_cgroup_free)

/** Moves a process, with all that it will start, into the group. */
gboolean terrane_cgroup_add (TerraneCgroup *self, pid_t pid);

/** Whether a process was killed because of the limit of memory. */
gboolean terrane_cgroup_was_exceeded (const TerraneCgroup *self);

G_END_DECLS
