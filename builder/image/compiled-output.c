#include "builder/image/compiled-output.h"

#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_LICENSE_BYTES = 1024 * 1024,
};

char *
terrane_license_file_place (const TerraneRecipe *recipe, const char *path)
{
  return g_build_filename ("share/licenses", recipe->name, path, NULL);
}

/* Opens the directory of @path below @dfd, a component at a time. Files that steps made
 * read-only are to be the same for every user, root included.
 * @out_name: (out) (transfer none): the last component */
static gboolean
open_parent (int dfd, const char *path, gboolean make, OciFd *out_fd, const char **out_name,
             GError **error)
{
  g_auto (OciFd) at = -1;
  if (!oci_open_dir (dfd, ".", &at, error) || (make && !oci_grant_mode (at, ".", S_IRWXU, error)))
    return FALSE;
  const char *slash;
  for (; (slash = strchr (path, '/')) != NULL; path = slash + 1)
    {
      g_autofree char *name = g_strndup (path, (gsize) (slash - path));
      gboolean made = make && mkdirat (at, name, 0755) == 0;
      if (make && !made && errno != EEXIST)
        return oci_throw_errno (error, "creating %s", name);
      if (make && !oci_grant_mode (at, name, S_IRWXU, error))
        return FALSE;
      g_auto (OciFd) next = openat (at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0)
        {
          g_autofree char *quoted = oci_quote (name);
          return oci_throw_errno (error, "opening the directory %s", quoted);
        }
      if (made && fchmod (next, 0755) < 0) /* independent of this process's umask */
        return oci_throw_errno (error, "creating %s", name);
      oci_fd_close (at);
      at = oci_fd_steal (&next);
    }
  *out_fd = oci_fd_steal (&at);
  *out_name = path;
  return TRUE;
}

static GBytes *
read_one (int sources, const char *path, GError **error)
{
  g_auto (OciFd) parent = -1, fd = -1;
  const char *name = NULL;
  struct stat st;
  if (!open_parent (sources, path, FALSE, &parent, &name, error)
      || !oci_open_file (parent, name, FALSE, &fd, &st, error))
    return NULL;
  if (st.st_size > MAX_LICENSE_BYTES)
    {
      (void) oci_throw (error, OCI_ERROR_LIMIT, "it is larger than %d bytes", MAX_LICENSE_BYTES);
      return NULL;
    }
  gsize size = (gsize) st.st_size, read = 0;
  g_autofree guint8 *data = g_malloc (MAX (size, 1));
  return oci_read_full (fd, data, size, &read, error)
             ? g_bytes_new_take (g_steal_pointer (&data), read)
             : NULL;
}

gboolean
terrane_license_files_read (const TerraneRecipe *recipe, int sources, GPtrArray **out_files,
                            GError **error)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  for (char **path = recipe->license_files; path != NULL && *path != NULL; path++)
    {
      g_autofree char *quoted = oci_quote (*path);
      OCI_PREFIX (error, "license_files: %s in the sources", quoted);
      GBytes *content = read_one (sources, *path, error);
      if (content == NULL)
        return FALSE;
      g_ptr_array_add (files, content);
    }
  *out_files = g_steal_pointer (&files);
  return TRUE;
}

static gboolean
write_one (int output, const char *place, GBytes *content, GError **error)
{
  g_auto (OciFd) parent = -1;
  const char *name = NULL;
  gsize size = 0;
  const void *data = g_bytes_get_data (content, &size);
  if (!open_parent (output, place, TRUE, &parent, &name, error))
    return FALSE;
  if (unlinkat (parent, name, 0) < 0 && errno != ENOENT)
    return oci_throw_errno (error, "replacing it");
  g_auto (OciFd) fd =
      openat (parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0 || fchmod (fd, 0644) < 0)
    return oci_throw_errno (error, "creating it");
  return oci_write_all (fd, data, size, error);
}

gboolean
terrane_compiled_output_add (int output, const char *place, GBytes *content, GError **error)
{
  g_autofree char *quoted = oci_quote (place);
  OCI_PREFIX (error, "%s below the prefix", quoted);
  return write_one (output, place, content, error);
}

gboolean
terrane_license_files_write (const TerraneRecipe *recipe, int output, const GPtrArray *files,
                             GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      g_autofree char *place = terrane_license_file_place (recipe, recipe->license_files[i]);
      if (!terrane_compiled_output_add (output, place, files->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}
