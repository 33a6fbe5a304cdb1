/* Samples the memory of a sandbox repeatedly, and reports when it exceeds the limit. */
#pragma once

#include "builder/sandbox/usage.h"

G_BEGIN_DECLS

typedef struct
{
  pid_t init;                /* process 1 of the sandbox */
  gboolean tree;             /* see TerraneUsageQuery */
  uint64_t limit;            /* in bytes; 0 for none */
  gboolean limit_only;       /* usage below the limit is not needed */
  TerraneMachineMemory base; /* see TerraneUsageQuery */
  gint64 next;               /* monotonic: time of the next sample */
  gint64 last; /* time of the last sample that succeeded, or found that it had ended */
  guint looks;
  guint over; /* number of consecutive samples above the limit */
} TerraneMemoryWatch;

typedef struct
{
  uint64_t peak_bytes;         /* in this sample; 0 if it was not exact */
  gboolean out_of_memory;      /* it exceeds the limit */
  gboolean too_many_processes; /* or threads */
  gboolean unwatched;          /* there is a limit, and no sample has succeeded for a second */
} TerraneMemoryLook;

/** Starts watching. To be called while the program is held. @limit_only: only the limit matters:
 * samples are as rare as the distance to it allows */
void terrane_memory_watch_init (TerraneMemoryWatch *self, pid_t init, uint64_t limit,
                                gboolean limit_only);

/** Takes a sample. @exactly: count pages shared by processes once, which takes longer; otherwise
 * only some samples do, and none with @limit_only */
void terrane_memory_watch_look (TerraneMemoryWatch *self, gboolean exactly,
                                TerraneMemoryLook *out_look);

G_END_DECLS
