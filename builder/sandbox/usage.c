#include "builder/sandbox/usage.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_TEXT = 4096,
  THREADS_FIELD = 20,
  RSS_FIELD = 24,
  STAT_BLOCK_BYTES = 512,
};

typedef struct
{
  uint64_t bytes;
  unsigned threads;
} Process;

/* proc(5): fields 20 and 24 of stat, of which the second is a name in brackets. */
static gboolean
read_process (int proc, uint64_t pid, Process *out)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/stat", pid);
  *out = (Process){ 0 };
  const char *field = oci_read_text (proc, path, text, sizeof text) ? strrchr (text, ')') : NULL;
  if (field == NULL)
    return FALSE;
  for (int number = 2; field != NULL && number < RSS_FIELD; number++)
    {
      field = strchr (field + 1, ' ');
      if (field != NULL && number + 1 == THREADS_FIELD)
        out->threads = (unsigned) g_ascii_strtoull (field, NULL, 10);
    }
  if (field == NULL)
    return FALSE;
  out->bytes = g_ascii_strtoull (field, NULL, 10) * (uint64_t) sysconf (_SC_PAGESIZE);
  return TRUE;
}

/* The number of a line "Name:  123 kB", in bytes. */
static gboolean
read_line (int proc, uint64_t pid, const char *file, const char *name, uint64_t *out_bytes)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/%s", pid, file);
  const char *line = oci_read_text (proc, path, text, sizeof text) ? strstr (text, name) : NULL;
  if (line != NULL)
    *out_bytes = g_ascii_strtoull (line + strlen (name), NULL, 10) * 1024;
  return line != NULL;
}

/* The sandbox's own /proc, which shows nothing else. Until the sandbox has changed its root the
 * path leads to this process's, which is another file system. */
static DIR *
open_proc (pid_t init)
{
  struct stat here, there;
  g_autofree char *path = g_strdup_printf ("/proc/%d/root/proc", (int) init);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &there) < 0 || stat ("/proc", &here) < 0 || here.st_dev == there.st_dev)
    return NULL;
  DIR *dir = fdopendir (fd);
  if (dir != NULL)
    (void) oci_fd_steal (&fd);
  return dir;
}

static gboolean
next_process (DIR *dir, uint64_t *out_pid)
{
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    if (oci_parse_u64 (entry->d_name, G_MAXINT, out_pid, NULL) && *out_pid != 1)
      return TRUE;
  return FALSE;
}

/* Files in memory have pages that no process need have mapped. @seen: those of other descriptors */
static uint64_t
open_files_bytes (int proc, uint64_t pid, GHashTable *seen)
{
  char path[64];
  uint64_t bytes = 0;
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/fd", pid);
  g_auto (OciFd) fd = openat (proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return 0;
  (void) oci_fd_steal (&fd);
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      char target[16] = "";
      struct stat info;
      if (readlinkat (dirfd (dir), entry->d_name, target, sizeof target - 1) > 0
          && g_str_has_prefix (target, "/memfd:")
          && fstatat (dirfd (dir), entry->d_name, &info, 0) == 0
          && g_hash_table_add (seen, g_memdup2 (&info.st_ino, sizeof info.st_ino)))
        bytes += (uint64_t) info.st_blocks * STAT_BLOCK_BYTES;
    }
  (void) closedir (dir);
  return bytes;
}

/* Of these, what processes have mapped is among their pages already. */
static void
add_open_files (DIR *dir, TerraneUsage *usage)
{
  uint64_t pid = 0, bytes = 0, mapped = 0;
  g_autoptr (GHashTable) seen =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL); /* all on one device */
  G_STATIC_ASSERT (sizeof (ino_t) == sizeof (gint64));
  rewinddir (dir);
  while (next_process (dir, &pid))
    bytes += open_files_bytes (dirfd (dir), pid, seen);
  if (bytes == 0)
    return;
  rewinddir (dir);
  while (next_process (dir, &pid))
    {
      uint64_t shared = 0;
      if (read_line (dirfd (dir), pid, "status", "\nRssShmem:", &shared))
        mapped += shared;
    }
  usage->bytes += bytes - MIN (bytes, mapped);
}

gboolean
terrane_usage_read (pid_t init, uint64_t above, TerraneUsage *out_usage)
{
  DIR *dir = open_proc (init);
  uint64_t pid = 0, proportional = 0;
  unsigned processes = 0;
  *out_usage = (TerraneUsage){ 0 };
  if (dir == NULL)
    return FALSE;
  rewinddir (dir);
  for (Process process; next_process (dir, &pid);)
    if (read_process (dirfd (dir), pid, &process))
      {
        processes++;
        out_usage->threads += process.threads;
        out_usage->bytes += process.bytes;
      }
  out_usage->exact = processes <= 1;
  if (!out_usage->exact && out_usage->bytes > above)
    {
      uint64_t sum = 0;
      rewinddir (dir);
      /* "Pss": each page divided by the number of processes that have it. */
      for (Process process; next_process (dir, &pid); sum += proportional)
        if (!read_line (dirfd (dir), pid, "smaps_rollup", "\nPss:", &proportional))
          proportional = read_process (dirfd (dir), pid, &process) ? process.bytes : 0;
      out_usage->bytes = sum;
      out_usage->exact = TRUE;
    }
  add_open_files (dir, out_usage);
  (void) closedir (dir);
  return TRUE;
}
