#include "oci/base/temp-file.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".tmp-"

enum
{
  RANDOM_DIGITS = 16,
};

static char *
random_name (void)
{
  return g_strdup_printf (PREFIX "%08x%08x", g_random_int (), g_random_int ());
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
oci_check_replaceable (int dfd, const char *name, GError **error)
{
  struct stat st;
  if (fstatat (dfd, name, &st, 0) < 0 || S_ISREG (st.st_mode) || S_ISDIR (st.st_mode))
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s is a device, a pipe or a socket, which is not replaced; name a file", name);
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
    (void) unlinkat (self->dfd, self->name, 0); /* a leftover cannot be handled here */
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

gboolean
oci_sync_dir (int dfd, GError **error)
{
  if (fsync (dfd) == 0 || errno == EINVAL || errno == EOPNOTSUPP)
    return TRUE;
  return oci_throw_errno (error, "syncing a directory");
}

gboolean
oci_temp_file_publish_synced (OciTempFile *self, int dfd, const char *name, mode_t mode,
                              GError **error)
{
  /* The mode is an attribute, which must be set before the content appears. */
  if (fchmod (self->fd, mode) < 0)
    return oci_throw_errno (error, "setting the mode of %s", name);
  if (fsync (self->fd) < 0)
    return oci_throw_errno (error, "syncing %s", name);
  return oci_temp_file_publish (self, dfd, name, mode, error) && oci_sync_dir (dfd, error);
}

gboolean
oci_replace_file_synced (int dfd, const char *name, mode_t mode, const void *data, size_t len,
                         GError **error)
{
  g_auto (OciTempFile) file = OCI_TEMP_FILE_INIT;
  return oci_temp_file_open (&file, dfd, error) && oci_write_all (file.fd, data, len, error)
         && oci_temp_file_publish_synced (&file, dfd, name, mode, error);
}

static gboolean
is_random_name (const char *name)
{
  static const char digits[] = "0123456789abcdef";
  return g_str_has_prefix (name, PREFIX) && strspn (name + strlen (PREFIX), digits) == RANDOM_DIGITS
         && strlen (name) == strlen (PREFIX) + RANDOM_DIGITS;
}

gboolean
oci_temp_file_sweep (int dfd, guint *removed, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (dfd, ".", FALSE, &names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      if (!is_random_name (name))
        continue;
      if (unlinkat (dfd, name, 0) < 0)
        return oci_throw_errno (error, "removing %s", name);
      (*removed)++;
    }
  return TRUE;
}
