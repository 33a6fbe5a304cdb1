/* Finds the places in an image where mounts of the host go: paths without links, and what has to be
 * made for them. */
#pragma once

#include "builder/sandbox/host-mount.h"

G_BEGIN_DECLS

/* A place given by names of the file system alone: no link has to be followed any more. */
typedef struct
{
  const TerraneHostMount *mount;
  char *where;   /* in the sandbox, without links */
  size_t exists; /* length in bytes of the part of @where that exists in the image; its whole length
                    unless something has to be made */
  gboolean memory; /* in /tmp, where bubblewrap makes it */
  gboolean link;   /* a dangling link is in its place, and is replaced in a copy */
} TerraneMountPoint;

/**
 * terrane_mount_points_find:
 * @root: directory with the image's file system
 * @mounts: (nullable) (element-type TerraneHostMount): must outlive the result
 * @out_points: (out) (transfer full): of TerraneMountPoint, outer ones before those inside of them
 *
 * Follows links inside of the image. Changes neither the image nor the host.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO.
 */
gboolean terrane_mount_points_find (const char *root, const GPtrArray *mounts,
                                    GPtrArray **out_points, GError **error);

/** Whether it has to be made in the image, which requires an overlay. */
gboolean terrane_mount_point_is_missing (const TerraneMountPoint *self);

/**
 * terrane_mount_point_make:
 * @root: descriptor of an overlay over the image's file system
 *
 * Makes the missing directories, and an empty file if the mount is a file. Only makes system calls.
 * Returns: whether it succeeded
 */
gboolean terrane_mount_point_make (const TerraneMountPoint *self, int root);

G_END_DECLS
