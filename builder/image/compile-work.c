#include "builder/image/compile-work.h"

#include "builder/compile/run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define NAME_START ".compile-"

enum
{
  MAX_TRIES = 20,
};

void
terrane_compile_work_clear (TerraneCompileWork *self)
{
  if (self->path != NULL)
    (void) oci_remove_tree (AT_FDCWD, self->path, NULL); /* the next build or gc retries */
  g_clear_pointer (&self->path, g_free);
  oci_fd_close (oci_fd_steal (&self->fd));
}

/* Removes what the store's directory passes on to new directories, and would be in the result: the
 * set-group-ID bit, and a default ACL, which takes precedence over the umask. */
static gboolean
forget_place (int fd, GError **error)
{
  if (fchmod (fd, S_IRWXU) < 0
      || (fremovexattr (fd, "system.posix_acl_default") < 0 && errno != ENODATA
          && errno != EOPNOTSUPP))
    return oci_throw_errno (error, "giving a directory to compile in its attributes");
  return TRUE;
}

/* Between its creation and its locking, another process may take the directory for a leftover. */
static gboolean
try_make (TerraneCompileWork *self, TerraneStore *store, gboolean *out_made, GError **error)
{
  struct stat st;
  g_autofree char *path = terrane_store_root_path (store, NAME_START "XXXXXX");
  *out_made = FALSE;
  if (g_mkdtemp_full (path, 0700) == NULL)
    return oci_throw_errno (error, "making a directory to compile in");
  g_auto (OciFd) fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return TRUE;
  if (fd < 0 || flock (fd, LOCK_SH) < 0 || fstat (fd, &st) < 0)
    return oci_throw_errno (error, "locking %s", path);
  *out_made = st.st_nlink > 0;
  if (!*out_made)
    return TRUE;
  self->path = g_steal_pointer (&path);
  self->fd = oci_fd_steal (&fd);
  return TRUE;
}

gboolean
terrane_compile_work_make (TerraneCompileWork *self, TerraneStore *store, GError **error)
{
  gboolean made = FALSE;
  for (int i = 0; i < MAX_TRIES && !made; i++)
    if (!try_make (self, store, &made, error))
      return FALSE;
  if (!made)
    return oci_throw (error, OCI_ERROR_IO,
                      "the directory to compile in is removed by another "
                      "process again and again");
  if (!forget_place (self->fd, error)
      || !oci_make_dirs (self->fd, TERRANE_COMPILE_SOURCES, 0755, error)
      || !oci_make_dirs (self->fd, TERRANE_COMPILE_OUTPUT, 0755, error))
    return FALSE;
  /* Independent of this process's umask. */
  return (fchmodat (self->fd, TERRANE_COMPILE_SOURCES, 0755, 0) == 0
          && fchmodat (self->fd, TERRANE_COMPILE_OUTPUT, 0755, 0) == 0)
         || oci_throw_errno (error, "giving directories to compile in their modes");
}

void
terrane_compile_work_sweep (TerraneStore *store)
{
  int roots = terrane_store_roots_dfd (store);
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (roots, ".", FALSE, &names, NULL))
    return;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      if (!g_str_has_prefix (name, NAME_START))
        continue;
      g_auto (OciFd) fd = openat (roots, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
        (void) oci_remove_tree (roots, name, NULL);
    }
}

/* Steps may have removed this user's permissions. */
static gboolean
is_directory (int dfd, const char *path)
{
  struct stat st;
  return fstatat (dfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR (st.st_mode)
         && oci_grant_mode (dfd, path, S_IRWXU, NULL);
}

/* Files outside the path to the prefix were installed elsewhere. */
gboolean
terrane_compile_work_check (const TerraneCompileWork *self, const char *prefix, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (prefix, "/", -1);
  g_autoptr (GString) path = g_string_new (TERRANE_COMPILE_OUTPUT);
  for (char **part = parts;; part++)
    {
      g_autoptr (GPtrArray) names = NULL;
      gboolean last = *part == NULL || (*part)[0] == '\0';
      if (!is_directory (self->fd, path->str))
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "its steps have left no directory $DESTDIR%s, which they are to install "
                          "in; what is there may be a link or a file, which is not followed",
                          path->str + strlen (TERRANE_COMPILE_OUTPUT));
      if (!oci_list_names (self->fd, path->str, FALSE, &names, error))
        return FALSE;
      if (names->len == 0)
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "its steps have installed nothing below $DESTDIR/%s; pass DESTDIR and "
                          "PREFIX, which are set, to what installs",
                          prefix);
      if (last)
        return TRUE;
      for (guint i = 0; i < names->len; i++)
        if (!g_str_equal (names->pdata[i], *part))
          {
            g_autofree char *elsewhere =
                g_strdup_printf ("%s/%s", path->str + strlen (TERRANE_COMPILE_OUTPUT),
                                 (const char *) names->pdata[i]);
            g_autofree char *quoted = oci_quote (elsewhere);
            return oci_throw (error, OCI_ERROR_FORMAT,
                              "its steps have installed %s, which is not below the tree's prefix "
                              "/%s; configure it for the prefix $PREFIX",
                              quoted, prefix);
          }
      g_string_append_printf (path, "/%s", *part);
    }
}
