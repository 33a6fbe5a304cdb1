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
  PART = 20,              /* of the time may be spent on reading it */
  LATEST_USECS = 10 * G_USEC_PER_SEC,
  PATH_BYTES = 40, /* "/proc/self/fd/2147483647" */
  READABLE = 0500,
  ALL_BITS = 07777,
};

static gboolean
is_dot (const char *name)
{
  return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

/* Like openat() for a directory. Steps can remove the permission to read directories that they have
 * filled: with @force it is added, by the directory's own descriptor, which no link can replace.
 * @out_mode: (out): the mode before, else 0 */
static int
open_listed (int dfd, const char *name, gboolean force, mode_t *out_mode)
{
  struct stat st;
  char path[PATH_BYTES];
  *out_mode = 0;
  g_auto (OciFd) pin = name == NULL
                           ? fcntl (dfd, F_DUPFD_CLOEXEC, 0)
                           : openat (dfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (pin < 0 || fstat (pin, &st) < 0)
    return -1;
  (void) g_snprintf (path, sizeof path, "/proc/self/fd/%d", pin);
  if (force && (st.st_mode & READABLE) != READABLE
      && chmod (path, (st.st_mode & ALL_BITS) | READABLE) == 0)
    *out_mode = st.st_mode;
  return openat (pin, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Several files without content can claim more than fits. */
static uint64_t
add (uint64_t a, uint64_t b)
{
  return a < TERRANE_DISK_TOO_DEEP && b < TERRANE_DISK_TOO_DEEP ? a + b : TERRANE_DISK_TOO_DEEP;
}

/* A deeper directory counts as too much. Files that disappear while they are counted are ignored.
 * @name: (nullable): @dfd itself. NOLINTNEXTLINE(misc-no-recursion): as deep as
 * TERRANE_DISK_MAX_DEPTH */
static uint64_t
count (int dfd, const char *name, unsigned depth, gboolean force, gboolean apparent)
{
  struct stat st;
  uint64_t used = 0;
  mode_t mode = 0;
  int fd = depth > TERRANE_DISK_MAX_DEPTH ? -1 : open_listed (dfd, name, force, &mode);
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
      const uint64_t bytes =
          apparent ? (uint64_t) st.st_size : (uint64_t) st.st_blocks * STAT_BLOCK_BYTES;
      used = add (used, MAX (bytes, (uint64_t) BLOCK_BYTES));
      if (S_ISDIR (st.st_mode))
        used = add (used, count (fd, entry->d_name, depth + 1, force, apparent));
    }
  if (mode != 0)
    (void) fchmod (fd, mode & ALL_BITS);
  (void) closedir (dir);
  return used;
}

uint64_t
terrane_disk_usage (int dfd, gboolean force)
{
  return count (dfd, NULL, 0, force, FALSE);
}

uint64_t
terrane_disk_size (int dfd, gboolean force)
{
  return count (dfd, NULL, 0, force, TRUE);
}

static uint64_t
free_bytes (int fd)
{
  struct statvfs info;
  return fstatvfs (fd, &info) == 0 ? (uint64_t) info.f_bfree * info.f_frsize : 0;
}

static void
read_it (TerraneDiskWatch *self, gboolean force)
{
  gint64 started = g_get_monotonic_time ();
  self->free = free_bytes (self->fd);
  self->used = terrane_disk_usage (self->fd, force);
  gint64 ended = g_get_monotonic_time ();
  self->earliest = ended + (ended - started) * PART;
  self->latest = MAX (self->earliest, ended + LATEST_USECS);
}

void
terrane_disk_watch_init (TerraneDiskWatch *self, int fd, uint64_t limit)
{
  *self = (TerraneDiskWatch){ .fd = fd, .limit = limit };
  read_it (self, FALSE);
}

gboolean
terrane_disk_watch_look (TerraneDiskWatch *self, gboolean now)
{
  gint64 time = g_get_monotonic_time ();
  uint64_t left = self->limit > self->used ? self->limit - self->used : 0;
  uint64_t space = now || time < self->earliest ? 0 : free_bytes (self->fd);
  gboolean lost = time >= self->earliest && space + left <= self->free;
  /* Only then: a program may check for the permissions that it removed. */
  if (now || lost || time >= self->latest)
    read_it (self, now || lost);
  return self->used > self->limit;
}
