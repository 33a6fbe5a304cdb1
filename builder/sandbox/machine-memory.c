#include "builder/sandbox/machine-memory.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_TEXT = 16 * 1024,
  BEST_USECS = 30 * 1000 * 1000,
};

static GMutex mutex;
static TerraneMachineMemory best;
static gint64 best_time; /* monotonic; 0 before the first */

/* A line "Name:   123 kB" */
static uint64_t
find_bytes (const char *text, const char *name)
{
  const char *line = strstr (text, name);
  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) * 1024 : 0;
}

void
terrane_machine_memory_parse (const char *text, TerraneMachineMemory *out_memory)
{
  out_memory->available = find_bytes (text, "\nMemAvailable:");
  out_memory->shared = find_bytes (text, "\nShmem:");
}

gboolean
terrane_machine_memory_read (TerraneMachineMemory *out_memory)
{
  char text[MAX_TEXT];
  *out_memory = (TerraneMachineMemory){ 0 };
  if (!oci_read_text (AT_FDCWD, "/proc/meminfo", text, sizeof text))
    return FALSE;
  terrane_machine_memory_parse (text, out_memory);
  return TRUE;
}

static void
take_better (const TerraneMachineMemory *now, TerraneMachineMemory *inout_best)
{
  inout_best->available = MAX (inout_best->available, now->available);
  inout_best->shared = MIN (inout_best->shared, now->shared);
}

void
terrane_machine_memory_keep_best (const TerraneMachineMemory *now, TerraneMachineMemory *inout_best)
{
  take_better (now, inout_best);
  g_mutex_lock (&mutex);
  best = *inout_best;
  best_time = g_get_monotonic_time ();
  g_mutex_unlock (&mutex);
}

gboolean
terrane_machine_memory_read_best (TerraneMachineMemory *out_memory)
{
  if (!terrane_machine_memory_read (out_memory))
    return FALSE;
  g_mutex_lock (&mutex);
  if (best_time != 0 && g_get_monotonic_time () - best_time < BEST_USECS)
    take_better (&best, out_memory);
  g_mutex_unlock (&mutex);
  return TRUE;
}
