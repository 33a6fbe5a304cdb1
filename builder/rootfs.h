/* The file system of an image in the store as a directory for a sandbox. */
#pragma once

#include "builder/image/open.h"

G_BEGIN_DECLS

typedef struct
{
  char *path;
  OciImageConfig *config;
  gboolean pinned; /* gc keeps the directory until this is cleared, without the store's lock */
  OciFd pin;
} TerraneRootfs;

void terrane_rootfs_clear (TerraneRootfs *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneRootfs, terrane_rootfs_clear)

/**
 * terrane_rootfs_prepare:
 * @image: completely in the store; its configuration is moved to @out_rootfs
 * @jobs: number of threads, at least 1
 * @out_rootfs: (out): to be cleared by the caller; the directory must not be written to, since its
 *   files are those of the store
 *
 * Checks the image's file system out, and pins it.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_rootfs_prepare (TerraneStore *store, TerraneOpenImage *image, unsigned jobs,
                                 const TerraneProgress *progress, TerraneRootfs *out_rootfs,
                                 GError **error);

G_END_DECLS
