/* Memory of the whole machine: an upper bound for what one program has taken of it. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t available; /* bytes that could be had without swapping */
  uint64_t shared;    /* bytes of tmpfs and of other shared memory */
} TerraneMachineMemory;

/** @text: of /proc/meminfo. What is missing there is 0. */
void terrane_machine_memory_parse (const char *text, TerraneMachineMemory *out_memory);

/** Returns: FALSE when it cannot be read */
gboolean terrane_machine_memory_read (TerraneMachineMemory *out_memory);

/** The most that was available and the least that was shared in the last half minute, as far as
 * this process has looked: what an earlier sandbox had may still be on its way back to the machine.
 */
gboolean terrane_machine_memory_read_best (TerraneMachineMemory *out_memory);

/** Takes the better of both. Also for terrane_machine_memory_read_best(). */
void terrane_machine_memory_keep_best (const TerraneMachineMemory *now,
                                       TerraneMachineMemory *inout_best);

G_END_DECLS
