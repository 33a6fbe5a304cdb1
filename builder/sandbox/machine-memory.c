#include "builder/sandbox/machine-memory.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_TEXT = 16 * 1024,
};

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
