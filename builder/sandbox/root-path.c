#include "builder/sandbox/root-path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int
terrane_root_path_open (int root, const char *path, int flags)
{
  /* The kernel refuses O_PATH with O_NONBLOCK, which is for pipes. */
  const int more = O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK);
  const struct open_how how = { .flags = (unsigned) (flags | more),
                                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
  return (int) syscall (SYS_openat2, root, path, &how, sizeof how);
}

int
terrane_root_path_find (const char *root, const char *path, int flags)
{
  g_auto (OciFd) dir = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return dir >= 0 ? terrane_root_path_open (dir, path, O_PATH | flags) : -1;
}

char *
terrane_root_path_below (int root, int fd)
{
  char root_link[64], file_link[64], base[PATH_MAX], path[PATH_MAX];
  (void) snprintf (root_link, sizeof root_link, "/proc/self/fd/%d", root);
  (void) snprintf (file_link, sizeof file_link, "/proc/self/fd/%d", fd);
  ssize_t base_len = readlink (root_link, base, sizeof base);
  ssize_t path_len = readlink (file_link, path, sizeof path);
  if (base_len <= 0 || path_len < base_len || path_len == (ssize_t) sizeof path
      || memcmp (base, path, (size_t) base_len) != 0)
    return NULL;
  if (path_len == base_len)
    return g_strdup ("/");
  return path[base_len] == '/' ? g_strndup (path + base_len, (gsize) (path_len - base_len)) : NULL;
}

gboolean
terrane_root_path_is_program (int root, const char *path)
{
  struct stat info;
  g_auto (OciFd) fd = path[0] == '/' ? terrane_root_path_open (root, path, O_PATH) : -1;
  return fd >= 0 && fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && (info.st_mode & 0111) != 0;
}
