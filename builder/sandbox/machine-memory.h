/* Memory of the whole machine: an upper bound for what one program has taken of it. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t available; /* bytes that can be allocated without swapping */
  uint64_t shared;    /* bytes of tmpfs and of other shared memory */
} TerraneMachineMemory;

/**
 * terrane_machine_memory_parse:
 * @text: of /proc/meminfo. Missing values become 0.
 */
void terrane_machine_memory_parse (const char *text, TerraneMachineMemory *out_memory);

/** Reads the current values. Returns: %FALSE if they cannot be read */
gboolean terrane_machine_memory_read (TerraneMachineMemory *out_memory);

/** Gets the most that was available and the least that was shared in the last half minute, in
 * the samples of this process: memory of an earlier sandbox may not have been freed yet. Returns:
 * %FALSE if it cannot be read */
gboolean terrane_machine_memory_read_best (TerraneMachineMemory *out_memory);

/** Stores the better values of both in @inout_best, also for terrane_machine_memory_read_best(). */
void terrane_machine_memory_keep_best (const TerraneMachineMemory *now,
                                       TerraneMachineMemory *inout_best);

G_END_DECLS
