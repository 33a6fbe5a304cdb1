/* Programs in memory that nothing can change. What is executed can be opened through /proc/PID/exe
 * and /proc/PID/map_files by whoever has the kernel's number of its owner, as root's program has.
 */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/** @name: for /proc */
gboolean terrane_sealed_new (const char *name, const void *bytes, size_t len, OciFd *out_fd,
                             GError **error);

/** A copy of the file at @path. */
gboolean terrane_sealed_copy (const char *name, const char *path, OciFd *out_fd, GError **error);

G_END_DECLS
