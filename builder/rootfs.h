/* The file system of an image in the store as a directory that a sandbox can have. */
#pragma once

#include "builder/image/open.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  OciImageConfig *config;
  gboolean
      pinned; /* gc leaves the directory alone until this is cleared, without the store's lock */
  OciFd pin;
} TerraneRootfs;

void terrane_rootfs_clear (TerraneRootfs *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneRootfs, terrane_rootfs_clear)

/**
 * terrane_rootfs_prepare:
 * @image: all of it in the store; its configuration goes to @out_rootfs
 * @jobs: threads, at least 1
 * @out_rootfs: (out): cleared by the caller; the directory must not be written to, its files are
 *   those of the store
 *
 * Checks the image's file system out, and pins it.
 */
gboolean terrane_rootfs_prepare (TerraneStore *store, TerraneOpenImage *image, unsigned jobs,
                                 const TerraneProgress *progress, TerraneRootfs *out_rootfs,
                                 GError **error);

G_END_DECLS
