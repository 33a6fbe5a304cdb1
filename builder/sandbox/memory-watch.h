/* Looks at a sandbox's memory again and again, and says when there is too much of it. */
#pragma once

#include "builder/sandbox/usage.h"

G_BEGIN_DECLS

typedef struct
{
  pid_t init;                /* process 1 of the sandbox */
  gboolean tree;             /* see TerraneUsageQuery */
  uint64_t limit;            /* of bytes; 0 for none */
  gboolean limit_only;       /* what is used below it does not matter */
  TerraneMachineMemory base; /* see TerraneUsageQuery */
  gint64 next;               /* monotonic: when to look again */
  gint64 last;               /* when it was last seen, or seen to be gone */
  guint looks;
  guint over; /* so many looks in a row found too much */
} TerraneMemoryWatch;

typedef struct
{
  uint64_t peak_bytes;         /* of this look; 0 when it was not exact */
  gboolean out_of_memory;      /* there is more than the limit */
  gboolean too_many_processes; /* or threads */
  gboolean unwatched;          /* there is a limit, and no look has succeeded for a second */
} TerraneMemoryLook;

/** @limit_only: looks are as rare as the distance to the limit allows, and cost less.
 * While the program is held. */
void terrane_memory_watch_init (TerraneMemoryWatch *self, pid_t init, uint64_t limit,
                                gboolean limit_only);

/** @exactly: pages that processes share are not counted twice, which takes longer; else one look of
 * several is so, unless only the limit matters. */
void terrane_memory_watch_look (TerraneMemoryWatch *self, gboolean exactly,
                                TerraneMemoryLook *out_look);

G_END_DECLS
