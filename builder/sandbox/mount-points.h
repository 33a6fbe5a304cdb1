/* Where mounts of the host go in an image: paths without links, and what has to be made for them.
 */
#pragma once

#include "builder/sandbox/host-mount.h"

G_BEGIN_DECLS

/* Ends in names of the file system alone: after it was found there is nothing to follow. */
typedef struct
{
  const TerraneHostMount *mount;
  char *where;     /* in the sandbox, without links */
  size_t exists;   /* so many bytes of @where are in the image; all, unless it has to be made */
  gboolean memory; /* in /tmp, where bubblewrap makes it */
  gboolean link;   /* a link that leads nowhere is in its place, and gives way in a copy */
} TerraneMountPoint;

/**
 * terrane_mount_points_find:
 * @root: directory with the image's file system
 * @mounts: (nullable) (element-type TerraneHostMount): must outlive the result
 * @out_points: (out) (transfer full): of TerraneMountPoint, what is in another one after that
 *
 * Links of the image are followed in it. Nothing is changed: neither the image nor the host.
 */
gboolean terrane_mount_points_find (const char *root, const GPtrArray *mounts,
                                    GPtrArray **out_points, GError **error);

/** Whether it has to be made in the image, which needs an overlay. */
gboolean terrane_mount_point_is_missing (const TerraneMountPoint *self);

/**
 * terrane_mount_point_make:
 * @root: descriptor of an overlay over the image's file system
 *
 * Makes the directories that are missing, and an empty file where the mount is one. Only makes
 * system calls.
 */
gboolean terrane_mount_point_make (const TerraneMountPoint *self, int root);

G_END_DECLS
