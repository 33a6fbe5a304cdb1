#include "builder/sandbox/usage.h"

#include "builder/sandbox/children.h"
#include "builder/sandbox/shared-memory.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum
{
  MAX_TEXT = 16 * 1024, /* a process may have some thousand groups */
  EXACT_USECS = 300 * 1000,
  SOCKET_BYTES = 2 * 212992, /* net.core.rmem_default and wmem_default: both directions */
  PIPE_BYTES = 2 * 4096,     /* of a pipe beyond pipe-user-pages-soft */
};

/* The state of one look at all processes. */
typedef struct
{
  const TerraneUsageQuery *query;
  DIR *dir;     /* the sandbox's /proc */
  GArray *tree; /* (nullable): of pid_t: without a sandbox, the descendants of init */
  guint next;   /* index in @tree */
  TerraneUsage *usage;
  uint64_t shared_bytes; /* mapped */
  uint64_t descriptors;  /* at most */
  gboolean failed;
} Look;

typedef struct
{
  uint64_t bytes;
  uint64_t tables;
  uint64_t shared_bytes;
  uint64_t descriptors;
  unsigned threads;
} Process;

static gboolean
lacks_means (int failure)
{
  return failure == EMFILE || failure == ENFILE || failure == ENOMEM;
}

static gboolean
read_text (Look *look, const char *path, char text[MAX_TEXT])
{
  errno = 0;
  gboolean ok = oci_read_text (dirfd (look->dir), path, text, MAX_TEXT);
  look->failed = look->failed || (!ok && lacks_means (errno));
  return ok;
}

static uint64_t
number_after (const char *text, const char *name)
{
  const char *line = strstr (text, name);
  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

/* @text: of status. A newline in a process's name is written as two characters there. */
static gboolean
parse_status (const char *text, Process *out)
{
  *out = (Process){
    .bytes = (number_after (text, "\nVmRSS:") + number_after (text, "\nVmSwap:")) * 1024,
    .tables = number_after (text, "\nVmPTE:") * 1024,
    .shared_bytes = number_after (text, "\nRssShmem:") * 1024,
    .descriptors = number_after (text, "\nFDSize:"),
    .threads = (unsigned) number_after (text, "\nThreads:"),
  };
  return strstr (text, "\nVmRSS:") != NULL;
}

/* A process whose first thread has ended shows neither memory nor descriptors; its other threads
 * do. */
static gboolean
read_living_thread (Look *look, uint64_t pid, Process *out)
{
  char path[64], text[MAX_TEXT];
  gboolean found = FALSE;
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/task", pid);
  g_auto (OciFd) fd = openat (dirfd (look->dir), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    return FALSE;
  (void) oci_fd_steal (&fd);
  /* Not oci_list_names(): the program decides the number of entries, and one is enough. */
  for (struct dirent *entry = readdir (dir); entry != NULL && !found; entry = readdir (dir))
    {
      char status[300];
      (void) snprintf (status, sizeof status, "%s/status", entry->d_name);
      found = entry->d_name[0] != '.' && oci_read_text (dirfd (dir), status, text, sizeof text)
              && parse_status (text, out);
    }
  (void) closedir (dir);
  return found;
}

static gboolean
read_process (Look *look, uint64_t pid, Process *out)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/status", pid);
  if (!read_text (look, path, text))
    return FALSE;
  if (!parse_status (text, out) && out->threads > 1)
    {
      unsigned threads = out->threads;
      (void) read_living_thread (look, pid, out);
      out->threads = threads;
    }
  return TRUE;
}

/* The sandbox's own /proc, which shows only its processes. Until the sandbox has changed its root,
 * the path leads to this process's /proc, which is another file system. */
static TerraneUsageResult
open_proc (pid_t init, gboolean tree, DIR **out_dir)
{
  struct stat here, there;
  g_autofree char *path =
      tree ? g_strdup ("/proc") : g_strdup_printf ("/proc/%d/root/proc", (int) init);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return lacks_means (errno) ? TERRANE_USAGE_FAILED : TERRANE_USAGE_ABSENT;
  if (!tree && (fstat (fd, &there) < 0 || stat ("/proc", &here) < 0 || here.st_dev == there.st_dev))
    return TERRANE_USAGE_ABSENT;
  *out_dir = fdopendir (fd);
  if (*out_dir == NULL)
    return TERRANE_USAGE_FAILED;
  (void) oci_fd_steal (&fd);
  return TERRANE_USAGE_READ;
}

/* Not oci_list_names(): the program decides the number of entries, and the sum ends at a limit. */
static gboolean
next_process (Look *look, uint64_t *out_pid)
{
  if (look->tree != NULL)
    {
      if (look->next >= look->tree->len)
        return FALSE;
      *out_pid = (uint64_t) g_array_index (look->tree, pid_t, look->next++);
      return TRUE;
    }
  for (struct dirent *entry = readdir (look->dir); entry != NULL; entry = readdir (look->dir))
    if (oci_parse_u64 (entry->d_name, G_MAXINT, out_pid, NULL) && *out_pid != 1)
      return TRUE;
  return FALSE;
}

static void
begin (Look *look)
{
  rewinddir (look->dir);
  look->next = 0;
}

static void
sum_up (Look *look)
{
  uint64_t pid = 0;
  TerraneUsage *usage = look->usage;
  begin (look);
  for (Process process; usage->threads <= look->query->max_threads && next_process (look, &pid);)
    if (read_process (look, pid, &process))
      {
        usage->processes++;
        usage->threads += process.threads;
        usage->bytes += process.bytes + process.tables;
        look->shared_bytes += process.shared_bytes;
        look->descriptors += process.descriptors;
      }
  usage->exact = usage->processes <= 1;
}

/* "Pss": each page divided by the number of processes that have it. */
static uint64_t
proportional_bytes (Look *look, uint64_t pid, const Process *process)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "%" G_GUINT64_FORMAT "/smaps_rollup", pid);
  if (!read_text (look, path, text) || strstr (text, "\nPss:") == NULL)
    return process->bytes;
  return (number_after (text, "\nPss:") + number_after (text, "\nSwapPss:")) * 1024;
}

static uint64_t
machine_lost (const Look *look)
{
  TerraneMachineMemory now;
  uint64_t before = look->query->base.available;
  return terrane_machine_memory_read (&now) ? before - MIN (before, now.available) : G_MAXUINT64;
}

/* Programs can make this slow, by many processes that share much or by many mappings. Processes
 * that were not reached in time count in full, but the sum is at most the memory that the whole
 * machine has lost. */
static void
sum_up_exactly (Look *look)
{
  uint64_t pid = 0, sum = 0, rest = 0;
  gint64 end = g_get_monotonic_time () + EXACT_USECS;
  begin (look);
  for (Process process; sum <= look->query->limit && next_process (look, &pid);)
    if (read_process (look, pid, &process))
      {
        if (g_get_monotonic_time () < end)
          sum += process.tables + proportional_bytes (look, pid, &process);
        else
          rest += process.tables + process.bytes;
      }
  if (rest > 0)
    rest = MIN (rest, machine_lost (look));
  look->usage->exact = rest == 0;
  look->usage->bytes = sum + rest;
}

/* Bytes in /tmp, which has a limit of its own. */
static uint64_t
tmp_bytes (pid_t init)
{
  struct statvfs info;
  g_autofree char *path = g_strdup_printf ("/proc/%d/root/tmp", (int) init);
  return statvfs (path, &info) == 0 ? (uint64_t) (info.f_blocks - info.f_bfree) * info.f_frsize : 0;
}

/* Files in memory have pages that no process has to have mapped; those that are mapped are already
 * counted. The invisible ones only count if the whole machine has used so much more that it
 * matters. */
static void
add_shared_memory (Look *look, uint64_t tmp)
{
  const TerraneUsageQuery *query = look->query;
  TerraneUsage *usage = look->usage;
  TerraneSharedMemory shared;
  uint64_t before = query->base.shared + tmp;
  uint64_t grown = look->usage->machine.shared - MIN (look->usage->machine.shared, before);
  gboolean matters = usage->bytes + grown > query->limit;
  if (!matters && !query->exactly)
    return;
  terrane_shared_memory_find (dirfd (look->dir), matters, &shared);
  uint64_t seen = MAX (shared.bytes, look->shared_bytes);
  usage->bytes += shared.bytes - MIN (shared.bytes, look->shared_bytes);
  usage->exact = usage->exact && !shared.more;
  if (matters && shared.more)
    usage->unseen_bytes = grown - MIN (grown, seen);
}

/* Sockets and pipes use memory of the kernel, which only shows in the memory that the machine has
 * left. */
static void
add_kernel_memory (Look *look, uint64_t tmp)
{
  char text[MAX_TEXT];
  uint64_t seen = look->usage->bytes + look->usage->unseen_bytes + tmp;
  uint64_t lost = look->query->base.available
                  - MIN (look->query->base.available, look->usage->machine.available);
  if (lost <= look->query->limit || lost <= seen || !read_text (look, "1/net/sockstat", text))
    return;
  uint64_t most =
      number_after (text, "sockets: used ") * SOCKET_BYTES + look->descriptors * PIPE_BYTES;
  look->usage->unseen_bytes += MIN (most, lost - seen);
}

TerraneUsageResult
terrane_usage_read (const TerraneUsageQuery *query, TerraneUsage *out_usage)
{
  Look look = { .query = query, .usage = out_usage };
  *out_usage = (TerraneUsage){ 0 };
  TerraneUsageResult result = open_proc (query->init, query->tree, &look.dir);
  if (result != TERRANE_USAGE_READ)
    return result;
  g_autoptr (GArray) tree =
      query->tree ? terrane_children_find_all (query->init, query->max_threads + 1) : NULL;
  look.tree = tree;
  sum_up (&look);
  if (out_usage->threads <= query->max_threads)
    {
      if (!out_usage->exact && (query->exactly || out_usage->bytes > query->limit))
        sum_up_exactly (&look);
      if (!query->tree && terrane_machine_memory_read (&out_usage->machine)
          && out_usage->bytes <= query->limit)
        {
          uint64_t tmp = tmp_bytes (query->init);
          add_shared_memory (&look, tmp);
          add_kernel_memory (&look, tmp);
        }
    }
  (void) closedir (look.dir);
  return look.failed ? TERRANE_USAGE_FAILED : TERRANE_USAGE_READ;
}
