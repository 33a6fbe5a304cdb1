#include "builder/sandbox/mount-points.h"

#include "builder/sandbox/root-path.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum
{
  DIRECTORY_MODE = 0755,
  FILE_MODE = 0644,
};

static void
point_free (gpointer data)
{
  TerraneMountPoint *self = data;
  g_free (self->where);
  g_free (self);
}

gboolean
terrane_mount_point_is_missing (const TerraneMountPoint *self)
{
  return !self->memory && self->where[self->exists] != '\0';
}

static gboolean
is_directory (int dir, const char *path)
{
  struct stat info;
  return fstatat (dir, path, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (info.st_mode);
}

/* Refuses, after links were followed, points that the sandbox itself is made of. */
static gboolean
check_where (const char *where, const char *quoted, GError **error)
{
  gboolean whole = strcmp (where, "/") == 0 || strcmp (where, "/tmp") == 0;
  const char *bad = whole ? where : terrane_host_mount_taken (where);
  return bad == NULL
         || oci_throw (error, OCI_ERROR_USAGE,
                       "in the image %s is %s, which belongs to the sandbox", quoted, bad);
}

/* Opens the longest part of @path that the image has.
 *
 * Returns: its length */
static size_t
open_longest (int root, const char *path, OciFd *out_fd)
{
  size_t len = strlen (path);
  for (;;)
    {
      g_autofree char *part = len > 0 ? g_strndup (path, len) : g_strdup ("/");
      *out_fd = terrane_root_path_open (root, part, O_PATH);
      if (*out_fd >= 0 || len == 0 || (errno != ENOENT && errno != ENOTDIR && errno != ELOOP))
        return len;
      while (len > 0 && path[--len] != '/')
        ;
    }
}

/* Whether the first name that seems to be missing exists as a link. */
static gboolean
is_link (int dir, const char *rest)
{
  struct stat info;
  g_autofree char *name = g_strndup (rest, strcspn (rest, "/"));
  return fstatat (dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK (info.st_mode);
}

static gboolean
check_type (const TerraneHostMount *mount, int fd, const char *quoted, GError **error)
{
  struct stat info;
  if (fstat (fd, &info) < 0)
    return oci_throw_errno (error, "%s of the image", quoted);
  if (mount->directory ? S_ISDIR (info.st_mode) : S_ISREG (info.st_mode))
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE, "%s is %s in the image, and %s on this machine", quoted,
                    S_ISDIR (info.st_mode) ? "a directory" : "not a directory",
                    mount->directory ? "a directory" : "a file");
}

/* Follows the image's own links inside the image. */
static gboolean
find_in_image (TerraneMountPoint *self, int root, const char *quoted, GError **error)
{
  g_auto (OciFd) fd = -1;
  const char *path = self->mount->path;
  size_t len = open_longest (root, path, &fd);
  const char *rest = path[len] == '/' ? path + len + 1 : path + len;
  if (fd < 0)
    return oci_throw_errno (error, "%s of the image", quoted);
  g_autofree char *base = terrane_root_path_below (root, fd);
  if (base == NULL)
    return oci_throw (error, OCI_ERROR_IO, "%s cannot be found in the image", quoted);
  if (rest[0] == '\0')
    {
      self->where = g_steal_pointer (&base);
      self->exists = strlen (self->where);
      return check_where (self->where, quoted, error)
             && check_type (self->mount, fd, quoted, error);
    }
  self->link = is_link (fd, rest);
  if (self->link && !(self->mount->own && strchr (rest, '/') == NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s leads through a symbolic link of the image whose target is missing",
                      quoted);
  if (!is_directory (fd, "."))
    return oci_throw (error, OCI_ERROR_USAGE, "%s leads through a file of the image", quoted);
  self->exists = strcmp (base, "/") == 0 ? 0 : strlen (base);
  self->where = g_strconcat (self->exists > 0 ? base : "", "/", rest, NULL);
  return check_where (self->where, quoted, error);
}

/* Files of the image below /tmp are not visible in the sandbox. */
static gboolean
find_point (TerraneMountPoint *self, int root, GError **error)
{
  g_autofree char *quoted = oci_quote (self->mount->path);
  if (terrane_host_mount_is_within (self->mount->path, "/tmp") && is_directory (root, "tmp"))
    self->where = g_strdup (self->mount->path);
  else if (!find_in_image (self, root, quoted, error))
    return FALSE;
  self->memory = terrane_host_mount_is_within (self->where, "/tmp");
  return TRUE;
}

/* A point in another mount is on the host, where nothing is created and no link is followed. */
static gboolean
check_nested (TerraneMountPoint *outer, TerraneMountPoint *inner, GError **error)
{
  const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
  g_auto (OciFd) dir = -1;
  g_auto (OciFd) fd = -1;
  const char *rest = inner->where + strlen (outer->where) + 1;
  g_autofree char *quoted = oci_quote (inner->mount->path);
  g_autofree char *host = g_build_filename (outer->mount->host, rest, NULL);
  g_autofree char *shown = oci_quote (host);
  if (!oci_open_dir (AT_FDCWD, outer->mount->host, &dir, error))
    return FALSE;
  fd = (int) syscall (SYS_openat2, dir, rest, &how, sizeof how);
  if (fd < 0)
    return oci_throw (
        error, OCI_ERROR_USAGE,
        "%s is in another mount, and %s, where it would be, %s; terrane makes nothing "
        "there",
        quoted, shown, errno == ELOOP ? "is a symbolic link" : "does not exist");
  inner->exists = strlen (inner->where);
  inner->link = FALSE;
  return check_type (inner->mount, fd, quoted, error);
}

/* By components, so that the contents of a directory come directly after it. */
static int
compare (gconstpointer a, gconstpointer b)
{
  const TerraneMountPoint *const *left = a;
  const TerraneMountPoint *const *right = b;
  const unsigned char *p = (const unsigned char *) (*left)->where;
  const unsigned char *q = (const unsigned char *) (*right)->where;
  for (; *p == *q && *p != '\0'; p++, q++)
    ;
  return (*p == '/' ? 1 : *p == '\0' ? 0 : *p + 2) - (*q == '/' ? 1 : *q == '\0' ? 0 : *q + 2);
}

/* Returns the innermost mount that contains @inner. */
static TerraneMountPoint *
find_outer (const GPtrArray *points, guint inner)
{
  const TerraneMountPoint *point = points->pdata[inner];
  for (guint i = inner; i-- > 0;)
    if (terrane_host_mount_is_within (point->where,
                                      ((TerraneMountPoint *) points->pdata[i])->where))
      return points->pdata[i];
  return NULL;
}

static gboolean
check_points (GPtrArray *points, GError **error)
{
  for (guint i = 0; i < points->len;)
    {
      TerraneMountPoint *point = points->pdata[i];
      TerraneMountPoint *outer = find_outer (points, i);
      gboolean same = outer != NULL && strcmp (outer->where, point->where) == 0;
      if (same && (outer->mount->own || point->mount->own))
        {
          g_ptr_array_remove_index (points, outer->mount->own ? i - 1 : i);
          i = outer->mount->own ? i - 1 : i;
          continue;
        }
      g_autofree char *first = oci_quote (same ? outer->mount->path : "");
      g_autofree char *second = oci_quote (point->mount->path);
      if (same)
        return oci_throw (error, OCI_ERROR_USAGE, "%s and %s are one place in the image", first,
                          second);
      g_autoptr (GError) nested = NULL;
      if (outer != NULL && !check_nested (outer, point, &nested))
        {
          if (!point->mount->own)
            {
              g_propagate_error (error, g_steal_pointer (&nested));
              return FALSE;
            }
          g_ptr_array_remove_index (points, i);
          continue;
        }
      i++;
    }
  return TRUE;
}

gboolean
terrane_mount_points_find (const char *root, const GPtrArray *mounts, GPtrArray **out_points,
                           GError **error)
{
  g_autoptr (GPtrArray) points = g_ptr_array_new_with_free_func (point_free);
  g_auto (OciFd) fd = -1;
  OCI_PREFIX (error, "--mount");
  if (!oci_open_dir (AT_FDCWD, root, &fd, error))
    return FALSE;
  for (guint i = 0; mounts != NULL && i < mounts->len; i++)
    {
      TerraneMountPoint *point = g_new0 (TerraneMountPoint, 1);
      g_autoptr (GError) failure = NULL;
      point->mount = mounts->pdata[i];
      g_ptr_array_add (points, point);
      if (find_point (point, fd, &failure))
        continue;
      if (!point->mount->own)
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      g_ptr_array_remove_index (points, points->len - 1);
    }
  g_ptr_array_sort (points, compare);
  if (!check_points (points, error))
    return FALSE;
  *out_points = g_steal_pointer (&points);
  return TRUE;
}

/* No part is a link: the existing part has none, and the rest is created here. */
gboolean
terrane_mount_point_make (const TerraneMountPoint *self, int root)
{
  char path[PATH_MAX];
  size_t len = strlen (self->where);
  if (len >= sizeof path)
    return FALSE;
  if (self->link && unlinkat (root, self->where + 1, 0) != 0)
    return FALSE;
  for (size_t i = self->exists + 1; i <= len; i++)
    {
      if (self->where[i] != '/' && self->where[i] != '\0')
        continue;
      memcpy (path, self->where + 1, i - 1);
      path[i - 1] = '\0';
      if (i < len || self->mount->directory)
        {
          /* Another mount may have created it. */
          if (mkdirat (root, path, DIRECTORY_MODE) != 0 && errno != EEXIST)
            return FALSE;
          continue;
        }
      int fd = openat (root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
      if (fd < 0)
        return FALSE;
      (void) fchmod (fd, FILE_MODE);
      (void) close (fd);
    }
  return TRUE;
}
