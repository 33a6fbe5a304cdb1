#include "builder/validation/cold.h"

#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
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

/* What cannot be read is not dropped. */
static void
drop_all (int directory, unsigned depth, Count *count)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (directory, ".", FALSE, &names, NULL))
    return;
  for (guint i = 0; i < names->len; i++)
    {
      struct stat info;
      const char *name = names->pdata[i];
      if (fstatat (directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      if (S_ISREG (info.st_mode) && info.st_size > 0)
        drop_file (directory, name, count);
      else if (S_ISDIR (info.st_mode) && depth < MAX_DEPTH)
        {
          g_auto (OciFd) sub =
              openat (directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
          if (sub >= 0)
            drop_all (sub, depth + 1, count);
        }
    }
}

gboolean
terrane_cold_drop (int root)
{
  Count count = { 0 };
  drop_all (root, 0, &count);
  return count.files > 0 && count.in_memory * TOLERATED <= count.files;
}
