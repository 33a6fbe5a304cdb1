#include "builder/sandbox/neutral-proc.h"

#include <string.h>

enum
{
  N_FILES = 4,
  KIB = 1024,
};

#define DEFAULT_MEMORY (UINT64_C (8) * 1000 * 1000 * 1000)

/* Names of processes, and links, do not belong to it. */
static const char *const kept[] = { "filesystems", "sys", "uptime", "version", NULL };

/* C libraries count lines that begin with "cpu" and a digit. */
static const char stat_text[] = "cpu  0 0 0 0 0 0 0 0 0 0\n"
                                "cpu0 0 0 0 0 0 0 0 0 0 0\n"
                                "intr 0\nctxt 0\nbtime 315532800\nprocesses 1\nprocs_running 1\n"
                                "procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n";

gboolean
terrane_neutral_proc_keeps (const char *name)
{
  return g_strv_contains (kept, name);
}

static TerraneSandboxFile
make_file (const char *name, const char *text)
{
  return (TerraneSandboxFile){ .name = name,
                               .content = g_bytes_new (text, strlen (text)),
                               .mode = 0444 };
}

TerraneSandboxFile *
terrane_neutral_proc_files (uint64_t memory_bytes)
{
  TerraneSandboxFile *files = g_new0 (TerraneSandboxFile, N_FILES + 1);
  uint64_t kib = (memory_bytes != 0 ? memory_bytes : DEFAULT_MEMORY) / KIB;
  g_autofree char *memory = g_strdup_printf (
      "MemTotal:       %8" G_GUINT64_FORMAT " kB\nMemFree:        %8" G_GUINT64_FORMAT
      " kB\nMemAvailable:   %8" G_GUINT64_FORMAT " kB\nBuffers:               0 kB\n"
      "Cached:                0 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\n",
      kib, kib, kib);
  files[0] = make_file ("cpuinfo", "processor\t: 0\n\n");
  files[1] = make_file ("loadavg", "0.00 0.00 0.00 1/1 1\n");
  files[2] = make_file ("meminfo", memory);
  files[3] = make_file ("stat", stat_text);
  return files;
}

void
terrane_neutral_proc_free (TerraneSandboxFile *files)
{
  for (TerraneSandboxFile *file = files; file != NULL && file->name != NULL; file++)
    g_bytes_unref (file->content);
  g_free (files);
}
