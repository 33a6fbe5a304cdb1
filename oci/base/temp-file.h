/* A file that is invisible until it is complete: written without a name (O_TMPFILE), then linked
 * under its final name. A process that dies before the link leaves nothing on the disk. */
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
 *
 * Creates the file.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_temp_file_open (OciTempFile *self, int dfd, GError **error);

/**
 * oci_temp_file_publish:
 * @dfd: directory of the final name, on the same file system
 * @name: final name, one component
 * @mode: final permission bits, independent of the umask
 *
 * Gives the file its name atomically, replacing an older file of that name, and closes it.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean oci_temp_file_publish (OciTempFile *self, int dfd, const char *name, mode_t mode,
                                GError **error);

/** Like oci_temp_file_publish(), but returns only when file and name are on the disk: for data that
 * could not be recreated after a loss of power. Errors: %OCI_ERROR_IO. */
gboolean oci_temp_file_publish_synced (OciTempFile *self, int dfd, const char *name, mode_t mode,
                                       GError **error);

/** Discards a file that was not published; safe on one that was published or never opened. */
void oci_temp_file_clear (OciTempFile *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciTempFile, oci_temp_file_clear)

/** For outputs that the user names: whether a file may replace @name. Renaming over a device, a
 * pipe or a socket, or over a link to one such as /dev/stdout, would take it away from other
 * programs. Errors: %OCI_ERROR_USAGE if it is one of these. */
gboolean oci_check_replaceable (int dfd, const char *name, GError **error);

/** Publishes @data as the small file @name in one atomic step. Errors: %OCI_ERROR_IO. */
gboolean oci_replace_file (int dfd, const char *name, mode_t mode, const void *data, size_t len,
                           GError **error);

/** Like oci_replace_file(), but synced as by oci_temp_file_publish_synced(). Errors: %OCI_ERROR_IO.
 */
gboolean oci_replace_file_synced (int dfd, const char *name, mode_t mode, const void *data,
                                  size_t len, GError **error);

/** Syncs the names in a directory to the disk. File systems that do not support this are assumed to
 * need no sync. Errors: %OCI_ERROR_IO. */
gboolean oci_sync_dir (int dfd, GError **error);

/** Removes files that killed processes left in @dfd where O_TMPFILE is not available. No other
 * process may be writing there. Adds the number to *@removed. Errors: %OCI_ERROR_IO. */
gboolean oci_temp_file_sweep (int dfd, guint *removed, GError **error);

G_END_DECLS
