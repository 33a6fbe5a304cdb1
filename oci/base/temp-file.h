/* A file that is invisible until it is complete: written without a name (O_TMPFILE), then linked
 * under its final name. A process that dies before the link leaves nothing behind. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct
{
  int dfd;    /* borrowed: the directory in which a named fallback lives */
  OciFd fd;   /* open for reading and writing */
  char *name; /* (nullable): only where the file system has no O_TMPFILE */
} OciTempFile;

#define OCI_TEMP_FILE_INIT                                                                         \
  {                                                                                                \
    .dfd = -1, .fd = -1, .name = NULL                                                              \
  }

/**
 * oci_temp_file_open:
 * @dfd: directory on the file system where the file will be published; must outlive @self
 */
gboolean oci_temp_file_open (OciTempFile *self, int dfd, GError **error);

/**
 * oci_temp_file_publish:
 * @dfd: directory of the final name, on the same file system
 * @name: final name, one component
 * @mode: final permission bits, independent of the umask
 *
 * Gives the file its name atomically, replacing an older file of that name, and closes it.
 */
gboolean oci_temp_file_publish (OciTempFile *self, int dfd, const char *name, mode_t mode,
                                GError **error);

/** Drops a file that was not published; safe on a published or never opened one. */
void oci_temp_file_clear (OciTempFile *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciTempFile, oci_temp_file_clear)

/** Publishes @data as the small file @name in one atomic step. */
gboolean oci_replace_file (int dfd, const char *name, mode_t mode, const void *data, size_t len,
                           GError **error);

G_END_DECLS
