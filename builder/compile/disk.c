#include "builder/compile/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum
{
  BLOCK_BYTES = 4096,
  STAT_BLOCK_BYTES = 512, /* stat(2) */
  PART = 20,              /* of the time at most that is spent on reading it */
  LATEST_USECS = 10 * G_USEC_PER_SEC,
};

static gboolean
is_dot (const char *name)
{
  return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

/* What is deeper is taken to be too much. What vanishes meanwhile is not
 * there. NOLINTNEXTLINE(misc-no-recursion): as deep as TERRANE_DISK_MAX_DEPTH */
static uint64_t
count (int dfd, const char *name, unsigned depth)
{
  struct stat st;
  uint64_t used = 0;
  int fd = depth > TERRANE_DISK_MAX_DEPTH
               ? -1
               : openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    {
      oci_fd_close (fd);
      return depth > TERRANE_DISK_MAX_DEPTH ? TERRANE_DISK_TOO_DEEP : 0;
    }
  for (const struct dirent *entry; (entry = readdir (dir)) != NULL && used < TERRANE_DISK_TOO_DEEP;)
    {
      if (is_dot (entry->d_name) || fstatat (fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      used += MAX ((uint64_t) st.st_blocks * STAT_BLOCK_BYTES, (uint64_t) BLOCK_BYTES);
      if (S_ISDIR (st.st_mode))
        used += count (fd, entry->d_name, depth + 1);
    }
  (void) closedir (dir);
  return used;
}

uint64_t
terrane_disk_usage (int dfd)
{
  return count (dfd, ".", 0);
}

static uint64_t
free_bytes (int fd)
{
  struct statvfs info;
  return fstatvfs (fd, &info) == 0 ? (uint64_t) info.f_bfree * info.f_frsize : 0;
}

static void
read_it (TerraneDiskWatch *self)
{
  gint64 started = g_get_monotonic_time ();
  self->free = free_bytes (self->fd);
  self->used = terrane_disk_usage (self->fd);
  gint64 ended = g_get_monotonic_time ();
  self->earliest = ended + (ended - started) * PART;
  self->latest = MAX (self->earliest, ended + LATEST_USECS);
}

void
terrane_disk_watch_init (TerraneDiskWatch *self, int fd, uint64_t limit)
{
  *self = (TerraneDiskWatch){ .fd = fd, .limit = limit };
  read_it (self);
}

gboolean
terrane_disk_watch_look (TerraneDiskWatch *self, gboolean now)
{
  gint64 time = g_get_monotonic_time ();
  uint64_t left = self->limit > self->used ? self->limit - self->used : 0;
  uint64_t space = now || time < self->earliest ? 0 : free_bytes (self->fd);
  if (now || time >= self->latest || (time >= self->earliest && space + left <= self->free))
    read_it (self);
  return self->used > self->limit;
}
