#include "builder/store/scratch.h"

#include <fcntl.h>
#include <sys/file.h>

gboolean
terrane_scratch_make (TerraneScratch *self, TerraneStore *store, const char *purpose,
                      GError **error)
{
  g_autofree char *name = g_strdup_printf (".%s-XXXXXX", purpose);
  g_autofree char *path = terrane_store_root_path (store, name);
  if (g_mkdtemp_full (path, 0700) == NULL)
    return oci_throw_errno (error, "making a temporary directory in %s",
                            terrane_store_path (store));
  self->path = g_steal_pointer (&path);
  if (!oci_open_dir (AT_FDCWD, self->path, &self->fd, error))
    return FALSE;
  return flock (self->fd, LOCK_SH) == 0 || oci_throw_errno (error, "locking %s", self->path);
}

void
terrane_scratch_clear (TerraneScratch *self)
{
  if (self->path != NULL)
    (void) oci_remove_tree (AT_FDCWD, self->path, NULL); /* gc removes the rest */
  g_clear_pointer (&self->path, g_free);
  oci_fd_close (self->fd);
  self->fd = -1;
}
