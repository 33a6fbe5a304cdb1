#include "builder/sandbox/shared-memory.h"

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
  MAX_USECS = 30 * 1000, /* a hostile program can have so many descriptors that it takes seconds */
  MAX_TASKS = 2048,      /* more threads than the sandbox may have */
  MAX_MAPS_BYTES = 4 * 1024 * 1024,
  MAX_TEXT = 4096,
  BLOCK_BYTES = 512, /* of st_blocks */
  DOTS = 2,          /* "." and ".." */
};

typedef struct
{
  GHashTable *seen;    /* inodes, all on one device */
  GHashTable *unknown; /* inodes that are mapped */
  gint64 end;          /* monotonic */
  unsigned descriptors;
  unsigned tasks;
  size_t maps_bytes;
  TerraneSharedMemory *memory;
  gboolean thoroughly;
} Search;

/* Not oci_list_names(): the program decides the number of entries, and the search stops among them
 * when its time is up. */
static DIR *
open_directory (int dfd, const char *path)
{
  g_auto (OciFd) fd = openat (dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir != NULL)
    (void) oci_fd_steal (&fd);
  return dir;
}

static gboolean
is_late (const Search *self)
{
  return g_get_monotonic_time () > self->end;
}

/* unix(7): descriptors that were sent and not received yet. */
static gboolean
carries_descriptors (int task, const char *number)
{
  char path[64], text[MAX_TEXT];
  (void) snprintf (path, sizeof path, "fdinfo/%.20s", number);
  const char *line =
      oci_read_text (task, path, text, sizeof text) ? strstr (text, "\nscm_fds:") : NULL;
  return line != NULL && g_ascii_strtoull (line + strlen ("\nscm_fds:"), NULL, 10) > 0;
}

static void
look_at_descriptor (Search *self, int task, int dfd, const char *number)
{
  char target[16] = "";
  struct stat info;
  if (readlinkat (dfd, number, target, sizeof target - 1) <= 0)
    return;
  if (g_str_has_prefix (target, "/memfd:") && fstatat (dfd, number, &info, 0) == 0
      && g_hash_table_add (self->seen, g_memdup2 (&info.st_ino, sizeof info.st_ino)))
    self->memory->bytes += (uint64_t) info.st_blocks * BLOCK_BYTES;
  else if (self->thoroughly && g_str_has_prefix (target, "socket:"))
    self->memory->more = self->memory->more || carries_descriptors (task, number);
}

/* The directory of a thread that has ended is empty. */
static void
look_at_descriptors (Search *self, int task)
{
  DIR *dir = open_directory (task, "fd");
  if (dir == NULL)
    {
      self->memory->more = TRUE; /* another user's cannot be opened once it is not dumpable */
      return;
    }
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      self->descriptors++;
      if (is_late (self))
        {
          self->memory->more = TRUE;
          break;
        }
      look_at_descriptor (self, task, dirfd (dir), entry->d_name);
    }
  (void) closedir (dir);
}

/* "7f…-7f… rw-s 00000000 00:01 1234   /memfd:name (deleted)", and "/dev/zero (deleted)" for memory
 * that processes share without a file. */
static void
look_at_mapping (Search *self, const char *line)
{
  const char *path = strchr (line, '/');
  const char *access = strchr (line, ' ');
  if (path == NULL || access == NULL || strlen (access) < 5 || access[4] != 's'
      || (!g_str_has_prefix (path, "/memfd:") && !g_str_has_prefix (path, "/dev/zero (deleted)")
          && !g_str_has_prefix (path, "/SYSV")))
    return;
  g_auto (GStrv) words = g_strsplit (access + 1, " ", 5);
  gint64 inode = words[0] != NULL && words[1] != NULL && words[2] != NULL && words[3] != NULL
                     ? (gint64) g_ascii_strtoull (words[3], NULL, 10)
                     : 0;
  (void) g_hash_table_add (self->unknown, g_memdup2 (&inode, sizeof inode));
}

/* Returns: whether the thread has mappings: one that has ended has none */
static gboolean
look_at_mappings (Search *self, int task)
{
  gboolean any = FALSE;
  char line[MAX_TEXT];
  g_auto (OciFd) fd = openat (task, "maps", O_RDONLY | O_CLOEXEC);
  FILE *file = fd >= 0 ? fdopen (fd, "r") : NULL;
  if (file == NULL)
    {
      self->memory->more = TRUE;
      return TRUE;
    }
  (void) oci_fd_steal (&fd);
  while (fgets (line, sizeof line, file) != NULL)
    {
      any = TRUE;
      self->maps_bytes += strlen (line);
      if (self->maps_bytes > MAX_MAPS_BYTES || is_late (self))
        {
          self->memory->more = TRUE;
          break;
        }
      look_at_mapping (self, line);
    }
  (void) fclose (file);
  return any;
}

static gboolean
is_number (const char *name)
{
  uint64_t number = 0;
  return oci_parse_u64 (name, G_MAXINT, &number, NULL) && number != 1;
}

/* The first thread may have ended, and each thread may have descriptors of its own: clone() without
 * CLONE_FILES. */
static void
look_at_process (Search *self, int process)
{
  DIR *dir = open_directory (process, "task");
  gboolean mapped = !self->thoroughly;
  if (dir == NULL)
    return;
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      g_auto (OciFd) task = -1;
      if (entry->d_name[0] == '.')
        continue;
      if (self->tasks++ >= MAX_TASKS || is_late (self))
        {
          self->memory->more = TRUE;
          break;
        }
      task = openat (dirfd (dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (task < 0)
        continue;
      unsigned before = self->descriptors;
      look_at_descriptors (self, task);
      mapped = mapped || look_at_mappings (self, task);
      if (!self->thoroughly && self->descriptors > before + DOTS)
        break;
    }
  (void) closedir (dir);
}

void
terrane_shared_memory_find (int proc, gboolean thoroughly, TerraneSharedMemory *out_memory)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GHashTable) unknown =
      g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  Search self = { .end = g_get_monotonic_time () + MAX_USECS,
                  .seen = seen,
                  .unknown = unknown,
                  .memory = out_memory,
                  .thoroughly = thoroughly };
  GHashTableIter each;
  gpointer inode;
  G_STATIC_ASSERT (sizeof (ino_t) == sizeof (gint64));
  *out_memory = (TerraneSharedMemory){ 0 };
  DIR *dir = open_directory (proc, ".");
  if (dir == NULL)
    {
      out_memory->more = TRUE;
      return;
    }
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      g_auto (OciFd) process = -1;
      if (!is_number (entry->d_name))
        continue;
      process = openat (proc, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      if (process >= 0)
        look_at_process (&self, process);
    }
  (void) closedir (dir);
  g_hash_table_iter_init (&each, unknown);
  while (g_hash_table_iter_next (&each, &inode, NULL))
    out_memory->more = out_memory->more || !g_hash_table_contains (seen, inode);
}
