#include "builder/rootfs.h"

#include "builder/image/files.h"
#include "builder/store/commit.h"

#include <fcntl.h>
#include <sys/file.h>

void
terrane_rootfs_clear (TerraneRootfs *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->config, oci_image_config_free);
  if (self->pinned)
    oci_fd_close (self->pin);
  self->pinned = FALSE;
}

/* Its files are hard links, which survive when gc removes the objects. */
static gboolean
pin (TerraneRootfs *self, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_open_dir (AT_FDCWD, self->path, &fd, error))
    return FALSE;
  if (flock (fd, LOCK_SH) < 0)
    return oci_throw_errno (error, "locking %s", self->path);
  self->pin = oci_fd_steal (&fd);
  self->pinned = TRUE;
  return TRUE;
}

gboolean
terrane_rootfs_prepare (TerraneStore *store, TerraneOpenImage *image, unsigned jobs,
                        const TerraneProgress *progress, TerraneRootfs *out_rootfs, GError **error)
{
  OciDigestHex hex;
  g_auto (TerraneImageFiles) files = { 0 };
  if (!terrane_image_files (store, image, FALSE, jobs, progress, &files, error))
    return FALSE;
  out_rootfs->config = g_steal_pointer (&image->config);
  oci_digest_hex (&files.commit, hex);
  out_rootfs->path = terrane_store_root_path (store, hex);
  return terrane_commit_checkout (store, &files.commit, hex, error) && pin (out_rootfs, error);
}
