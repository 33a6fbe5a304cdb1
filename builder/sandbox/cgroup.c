#include "builder/sandbox/cgroup.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_TEXT = 4096,
  PERIOD_USECS = 100 * 1000,
  MIN_QUOTA_USECS = 1000,      /* the kernel's limit */
  MIB_OF_ONE_PROCESSOR = 1769, /* Lambda's */
  REMOVE_TRIES = 100,
  REMOVE_PAUSE_USECS = 2000,
};

#define PREFIX "terrane-" /* followed by the process id of its creator */

struct _TerraneCgroup
{
  OciFd parent;
  OciFd directory;
  char *name;
};

static gboolean
write_text (int dfd, const char *path, const char *text)
{
  g_auto (OciFd) fd = openat (dfd, path, O_WRONLY | O_CLOEXEC);
  return fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);
}

static gboolean
write_number (int dfd, const char *path, uint64_t number)
{
  char text[32];
  (void) snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, number);
  return write_text (dfd, path, text);
}

static gboolean
has_word (const char *text, const char *word)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \n", -1);
  return g_strv_contains ((const char *const *) words, word);
}

/* The path in the line "0::/path", made relative. */
static char *
find_own (const char *membership)
{
  g_auto (GStrv) lines = g_strsplit (membership, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (g_str_has_prefix (*line, "0::/") && strstr (*line, "/..") == NULL)
      return g_strconcat (".", *line + strlen ("0::"), NULL);
  return NULL;
}

/* To move a process, the right to write to a common ancestor is needed. */
static gboolean
can_have_children (int dfd)
{
  char text[MAX_TEXT];
  return oci_read_text (dfd, "cgroup.subtree_control", text, sizeof text)
         && has_word (text, "memory") && faccessat (dfd, ".", W_OK, AT_EACCESS) == 0
         && faccessat (dfd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

static void
set_processors (int group, uint64_t memory_bytes)
{
  char text[64];
  uint64_t quota = (memory_bytes >> 20) * PERIOD_USECS / MIB_OF_ONE_PROCESSOR;
  (void) snprintf (text, sizeof text, "%" G_GUINT64_FORMAT " %d", MAX (quota, MIN_QUOTA_USECS),
                   PERIOD_USECS);
  (void) write_text (group, "cpu.max", text); /* the file is missing without that controller */
}

static gboolean
set_limits (int group, uint64_t memory_bytes, unsigned processes)
{
  if (!write_number (group, "memory.max", memory_bytes))
    return FALSE;
  /* Each of these may be missing: no swap, an older kernel, another controller. */
  (void) write_text (group, "memory.swap.max", "0");
  (void) write_text (group, "memory.oom.group", "1");
  (void) write_number (group, "pids.max", processes);
  set_processors (group, memory_bytes);
  return TRUE;
}

/* Removes "terrane-PID-…" of processes that have ended. A group that is in use is not empty, and
 * stays. */
static void
remove_leftovers (int parent)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (parent, ".", FALSE, &names, NULL))
    return;
  for (guint i = 0; i < names->len; i++)
    {
      uint64_t pid = 0;
      const char *name = names->pdata[i];
      g_auto (GStrv) parts = g_strsplit (name, "-", 3);
      if (g_str_has_prefix (name, PREFIX) && g_strv_length (parts) == 3
          && oci_parse_u64 (parts[1], G_MAXINT, &pid, NULL) && pid > 0 && kill ((pid_t) pid, 0) < 0
          && errno == ESRCH)
        (void) unlinkat (parent, name, AT_REMOVEDIR);
    }
}

static TerraneCgroup *
make_group (int parent, uint64_t memory_bytes, unsigned processes)
{
  g_autoptr (TerraneCgroup) self = g_new0 (TerraneCgroup, 1);
  self->directory = -1;
  self->parent = fcntl (parent, F_DUPFD_CLOEXEC, 0);
  remove_leftovers (parent);
  g_autofree char *name = g_strdup_printf (PREFIX "%d-%08x", (int) getpid (), g_random_int ());
  if (self->parent < 0 || mkdirat (parent, name, 0755) < 0)
    return NULL;
  self->name = g_steal_pointer (&name);
  self->directory = openat (parent, self->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return self->directory >= 0 && set_limits (self->directory, memory_bytes, processes)
             ? g_steal_pointer (&self)
             : NULL;
}

TerraneCgroup *
terrane_cgroup_new (const char *mount, const char *membership, uint64_t memory_bytes,
                    unsigned processes)
{
  g_autofree char *path = find_own (membership);
  g_auto (OciFd) top = open (mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  TerraneCgroup *group = NULL;
  while (group == NULL && top >= 0 && path != NULL)
    {
      g_auto (OciFd) dir = openat (top, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (dir >= 0 && can_have_children (dir))
        group = make_group (dir, memory_bytes, processes);
      char *slash = strrchr (path, '/');
      if (slash == NULL)
        break;
      *slash = '\0'; /* "./a/b", "./a", "." */
    }
  return group;
}

gboolean
terrane_cgroup_add (TerraneCgroup *self, pid_t pid)
{
  return write_number (self->directory, "cgroup.procs", (uint64_t) pid);
}

gboolean
terrane_cgroup_was_exceeded (const TerraneCgroup *self)
{
  char text[MAX_TEXT];
  const char *line = oci_read_text (self->directory, "memory.events", text, sizeof text)
                         ? strstr (text, "\noom_kill ")
                         : NULL;
  return line != NULL && g_ascii_strtoull (line + strlen ("\noom_kill "), NULL, 10) > 0;
}

/* The kernel frees the group some time after its last process. */
static void
remove_group (const TerraneCgroup *self)
{
  (void) write_text (self->directory, "cgroup.kill", "1");
  for (int i = 0; i < REMOVE_TRIES && unlinkat (self->parent, self->name, AT_REMOVEDIR) < 0; i++)
    {
      if (errno != EBUSY)
        return;
      g_usleep (REMOVE_PAUSE_USECS);
    }
}

void
terrane_cgroup_free (TerraneCgroup *self)
{
  if (self == NULL)
    return;
  if (self->name != NULL)
    remove_group (self);
  oci_fd_close (self->directory);
  oci_fd_close (self->parent);
  g_free (self->name);
  g_free (self);
}
