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

G_END_DECLS
