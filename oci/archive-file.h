/* A plain tar file being written, for images in one file. Appears under its name when complete. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

typedef struct _OciArchiveFile OciArchiveFile;

/** Returns: (transfer full) (nullable): a tar that will be @path */
OciArchiveFile *oci_archive_file_new (const char *path, GError **error);
/** Drops the file unless it was finished. */
void oci_archive_file_free (OciArchiveFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciArchiveFile, oci_archive_file_free)

gboolean oci_archive_file_add (OciArchiveFile *self, const char *path, GBytes *content,
                               GError **error);
gboolean oci_archive_file_add_directory (OciArchiveFile *self, const char *path, GError **error);
/** Adds a blob's content; adding the same path again does nothing. */
gboolean oci_archive_file_add_blob (OciArchiveFile *self, const char *path, OciLayout *layout,
                                    const OciDescriptor *blob, GError **error);
gboolean oci_archive_file_finish (OciArchiveFile *self, GError **error);

G_END_DECLS
