/* Programs in memory that cannot be changed. An executed program can be opened through
 * /proc/PID/exe and /proc/PID/map_files by processes with the uid of its owner, such as a program
 * of root. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/** Copies @len bytes. @name: for /proc. Errors: %OCI_ERROR_IO. */
gboolean terrane_sealed_new (const char *name, const void *bytes, size_t len, OciFd *out_fd,
                             GError **error);

/** Copies the file at @path. Errors: %OCI_ERROR_IO. */
gboolean terrane_sealed_copy (const char *name, const char *path, OciFd *out_fd, GError **error);

G_END_DECLS
