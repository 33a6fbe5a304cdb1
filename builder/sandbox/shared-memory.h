/* Finds files in memory that processes of a sandbox hold, mapped or not. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t bytes; /* of open files of memfd_create(), each once */
  gboolean more;  /* there may be others: a mapping without an open file, a descriptor in transit
                     through a socket, or more than are examined */
} TerraneSharedMemory;

/**
 * terrane_shared_memory_find:
 * @proc: the sandbox's /proc
 * @thoroughly: find out whether there may be more, which takes longer
 *
 * Ends after some hundredths of a second, and then reports that there may be more.
 */
void terrane_shared_memory_find (int proc, gboolean thoroughly, TerraneSharedMemory *out_memory);

G_END_DECLS
