#include "builder/store/raw-checkout.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"
#include "oci/base/path.h"
#include "oci/base/raw-name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Returns: (transfer full) (nullable): the real target of a link with an encoded one */
static char *
real_target (int dfd, const char *name)
{
  char target[OCI_PATH_MAX * 3 + 1];
  ssize_t len = readlinkat (dfd, name, target, sizeof target - 1);
  if (len < 0)
    return NULL;
  target[len] = '\0';
  return g_utf8_validate (target, -1, NULL) && oci_raw_name_is_encoded (target)
             ? oci_raw_name_from_text (target)
             : NULL;
}

static gboolean
restore_link (int dfd, const char *name, GError **error)
{
  g_autofree char *target = real_target (dfd, name);
  if (target == NULL || (unlinkat (dfd, name, 0) == 0 && symlinkat (target, dfd, name) == 0))
    return TRUE;
  return oci_throw_errno (error, "restoring a symbolic link");
}

static gboolean
restore_entry (int dfd, const char *name, const struct stat *at, GError **error)
{
  if (S_ISDIR (at->st_mode) && !terrane_raw_checkout_restore (dfd, name, error))
    return FALSE;
  if (S_ISLNK (at->st_mode) && !restore_link (dfd, name, error))
    return FALSE;
  if (!oci_raw_name_is_encoded (name))
    return TRUE;
  g_autofree char *real = oci_raw_name_from_text (name);
  return renameat (dfd, name, dfd, real) == 0 || oci_throw_errno (error, "renaming a file");
}

gboolean
terrane_raw_checkout_restore (int dfd, const char *name, GError **error)
{
  OCI_PREFIX (error, "%s", name);
  struct stat before, at;
  g_auto (OciFd) fd = openat (dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &before) < 0 || fchmod (fd, (before.st_mode & 07777) | 0700) < 0)
    return oci_throw_errno (error, "opening a directory of the checkout");
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (fd, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    if (fstatat (fd, names->pdata[i], &at, AT_SYMLINK_NOFOLLOW) < 0)
      return oci_throw_errno (error, "looking at a file");
    else if (!restore_entry (fd, names->pdata[i], &at, error))
      return FALSE;
  /* As ostree left it, including the time. */
  const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, before.st_mtim };
  return (fchmod (fd, before.st_mode & 07777) == 0 && futimens (fd, times) == 0)
         || oci_throw_errno (error, "restoring the mode of a directory");
}
