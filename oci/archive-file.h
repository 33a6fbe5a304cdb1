/* Writes an uncompressed tar file, for an image in one file. It appears under its name when
 * complete. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

typedef struct _OciArchiveFile OciArchiveFile;

/** Starts the tar file @path. Returns: (transfer full). Errors: %OCI_ERROR_IO. */
OciArchiveFile *oci_archive_file_new (const char *path, GError **error);
/** Discards the file unless it was finished. */
void oci_archive_file_free (OciArchiveFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciArchiveFile, oci_archive_file_free)

/** Adds a file with this content. Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED. */
gboolean oci_archive_file_add (OciArchiveFile *self, const char *path, GBytes *content,
                               GError **error);
/** Adds a directory. Errors: %OCI_ERROR_UNSUPPORTED. */
gboolean oci_archive_file_add_directory (OciArchiveFile *self, const char *path, GError **error);
/** Adds the content of a blob after verifying it; adding the same path again does nothing. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO. */
gboolean oci_archive_file_add_blob (OciArchiveFile *self, const char *path, OciLayout *layout,
                                    const OciDescriptor *blob, GError **error);
/** Ends the tar and publishes the file. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_IO. */
gboolean oci_archive_file_finish (OciArchiveFile *self, GError **error);

G_END_DECLS
