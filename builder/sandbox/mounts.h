/* What is mounted before bubblewrap runs, where that has no option for it: devices that nobody can
 * change, and a root that may be written to, over a directory that must not be. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Where the writable root appears, below the directory, in the namespace of the prepared process.
 */
#define TERRANE_MOUNTS_ROOT "/merged"

/** Devices of the sandbox, ended by %NULL: those of the host, by their paths. */
const char *const *terrane_mounts_devices (void);

/* Everything is made before the fork; terrane_mounts_prepare() only makes system calls. */
typedef struct
{
  char *root; /* (nullable): directory to be written over; the changes are in memory */
  char *uid_map;
  char *gid_map;
} TerraneMounts;

/** @root: (nullable) */
void terrane_mounts_init (TerraneMounts *self, const char *root);
void terrane_mounts_clear (TerraneMounts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneMounts, terrane_mounts_clear)

/** Whether there is something to prepare. Without a root, that is for root alone: only as the owner
 * of a device a program can change its mode. */
gboolean terrane_mounts_are_needed (const TerraneMounts *self);

/** A TerraneProcessPrepareFunc; @data is the mounts. In namespaces of its own, so no rights are
 * needed, and nothing is left when the process ends. */
const char *terrane_mounts_prepare (gpointer data);

G_END_DECLS
