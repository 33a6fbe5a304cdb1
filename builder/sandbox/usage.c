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
};

static gboolean
read_text (int dfd, const char *path, char text[MAX_TEXT])
{
  g_auto (OciFd) fd = openat (dfd, path, O_RDONLY | O_CLOEXEC);
  size_t got = 0;
  if (fd < 0 || !oci_read_full (fd, text, MAX_TEXT - 1, &got, NULL))
    return FALSE;
  text[got] = '\0';
  return TRUE;
}

/* The second number of statm: resident pages. */
static uint64_t
resident_bytes (int proc, uint64_t pid)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/statm", pid);
  if (!read_text (proc, path, text))
    return 0;
  const char *second = strchr (text, ' ');
  return second != NULL ? g_ascii_strtoull (second, NULL, 10) * (uint64_t) sysconf (_SC_PAGESIZE)
                        : 0;
}

/* "Pss:  123 kB" of smaps_rollup: each page divided by the number of processes that have it. */
static uint64_t
proportional_bytes (int proc, uint64_t pid)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/smaps_rollup", pid);
  const char *line = read_text (proc, path, text) ? strstr (text, "\nPss:") : NULL;
  return line != NULL ? g_ascii_strtoull (line + strlen ("\nPss:"), NULL, 10) * 1024
                      : resident_bytes (proc, pid);
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

static void
add_up (DIR *dir, uint64_t (*measure) (int proc, uint64_t pid), TerraneUsage *out)
{
  *out = (TerraneUsage){ 0 };
  rewinddir (dir);
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      uint64_t pid = 0;
      if (!oci_parse_u64 (entry->d_name, G_MAXINT, &pid, NULL) || pid == 1)
        continue;
      out->processes++;
      out->bytes += measure (dirfd (dir), pid);
    }
}

gboolean
terrane_usage_read (pid_t init, uint64_t limit, TerraneUsage *out_usage)
{
  DIR *dir = open_proc (init);
  if (dir == NULL)
    return FALSE;
  add_up (dir, resident_bytes, out_usage);
  if (out_usage->processes > 1 && limit > 0 && out_usage->bytes > limit)
    add_up (dir, proportional_bytes, out_usage);
  (void) closedir (dir);
  return TRUE;
}
