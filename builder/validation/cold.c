#include "builder/validation/cold.h"

#include "oci/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum
{
  MAX_DEPTH = 60,
  TOLERATED = 100, /* one file in so many may stay: what other programs have open does */
};

typedef struct
{
  guint64 files;
  guint64 in_memory;
} Count;

static void
drop_file (int directory, const char *name, Count *count)
{
  char byte;
  const struct iovec one = { .iov_base = &byte, .iov_len = 1 };
  g_auto (OciFd) fd = openat (directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return;
  count->files++;
  if (posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED) != 0
      || preadv2 (fd, &one, 1, 0, RWF_NOWAIT) >= 0 || errno != EAGAIN)
    count->in_memory++;
}

/* Takes @directory. */
static void
drop_all (int directory, unsigned depth, Count *count)
{
  DIR *listing = fdopendir (directory);
  if (listing == NULL)
    {
      (void) close (directory);
      return;
    }
  for (struct dirent *entry; (entry = readdir (listing)) != NULL;)
    {
      struct stat info;
      if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0
          || fstatat (dirfd (listing), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      if (S_ISREG (info.st_mode) && info.st_size > 0)
        drop_file (dirfd (listing), entry->d_name, count);
      else if (S_ISDIR (info.st_mode) && depth < MAX_DEPTH)
        {
          int sub = openat (dirfd (listing), entry->d_name,
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
          if (sub >= 0)
            drop_all (sub, depth + 1, count);
        }
    }
  (void) closedir (listing);
}

gboolean
terrane_cold_drop (int root)
{
  Count count = { 0 };
  int directory = openat (root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return FALSE;
  drop_all (directory, 0, &count);
  return count.files > 0 && count.in_memory * TOLERATED <= count.files;
}
