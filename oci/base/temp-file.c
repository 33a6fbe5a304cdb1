#include "oci/base/temp-file.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char *
random_name (void)
{
  return g_strdup_printf (".tmp-%08x%08x", g_random_int (), g_random_int ());
}

gboolean
oci_temp_file_open (OciTempFile *self, int dfd, GError **error)
{
  self->dfd = dfd;
  self->fd = openat (dfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (self->fd >= 0)
    return TRUE;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)
    return oci_throw_errno (error, "creating a temporary file");

  self->name = random_name ();
  self->fd = openat (dfd, self->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_clear_pointer (&self->name, g_free);
      return oci_throw_errno (error, "creating a temporary file");
    }
  return TRUE;
}

/* linkat() never replaces, so a nameless file gets a scratch name first; rename() then replaces. */
static gboolean
give_scratch_name (OciTempFile *self, int dfd, GError **error)
{
  g_autofree char *proc = g_strdup_printf ("/proc/self/fd/%d", self->fd);
  g_autofree char *name = random_name ();
  if (linkat (AT_FDCWD, proc, dfd, name, AT_SYMLINK_FOLLOW) < 0)
    return oci_throw_errno (error, "linking a temporary file");
  self->dfd = dfd;
  self->name = g_steal_pointer (&name);
  return TRUE;
}

gboolean
oci_temp_file_publish (OciTempFile *self, int dfd, const char *name, mode_t mode, GError **error)
{
  if (fchmod (self->fd, mode) < 0)
    return oci_throw_errno (error, "setting the mode of %s", name);
  if (self->name == NULL)
    {
      g_autofree char *proc = g_strdup_printf ("/proc/self/fd/%d", self->fd);
      if (linkat (AT_FDCWD, proc, dfd, name, AT_SYMLINK_FOLLOW) == 0)
        {
          oci_temp_file_clear (self);
          return TRUE;
        }
      if (errno != EEXIST)
        return oci_throw_errno (error, "creating %s", name);
      if (!give_scratch_name (self, dfd, error))
        return FALSE;
    }
  if (renameat (self->dfd, self->name, dfd, name) < 0)
    return oci_throw_errno (error, "creating %s", name);
  g_clear_pointer (&self->name, g_free);
  oci_temp_file_clear (self);
  return TRUE;
}

void
oci_temp_file_clear (OciTempFile *self)
{
  if (self->name != NULL)
    (void) unlinkat (self->dfd, self->name, 0); /* nothing can be done about a leftover here */
  g_clear_pointer (&self->name, g_free);
  oci_fd_close (self->fd);
  self->fd = -1;
}

gboolean
oci_replace_file (int dfd, const char *name, mode_t mode, const void *data, size_t len,
                  GError **error)
{
  g_auto (OciTempFile) file = OCI_TEMP_FILE_INIT;
  return oci_temp_file_open (&file, dfd, error) && oci_write_all (file.fd, data, len, error)
         && oci_temp_file_publish (&file, dfd, name, mode, error);
}
