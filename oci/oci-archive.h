/* Transport "oci-archive": a tar of an image layout.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO. */
#pragma once

#include "oci/image-index.h"

G_BEGIN_DECLS

/**
 * oci_archive_import:
 * @path: a tar in any compression, read in one pass
 * @file: (nullable): digest that the file must have
 * @name: (nullable): ref.name of the image; %NULL for the only image
 * @platform: which image of an index to take
 * @layout: receives the blobs; no name is set
 *
 * Reads an image into @layout.
 *
 * Returns: (transfer full): descriptor of the image manifest
 * Errors: see the head.
 */
OciDescriptor *oci_archive_import (const char *path, const OciDigest *file, const char *name,
                                   const OciPlatform *platform, OciLayout *layout, GError **error);

/**
 * oci_archive_export:
 * @manifest: an image manifest in @layout
 * @name: ref.name in the archive
 * @path: file to write; it appears when it is complete, and has the same bytes every time
 *
 * Writes an image as an archive.
 *
 * Errors: see the head.
 */
gboolean oci_archive_export (OciLayout *layout, const OciDescriptor *manifest, const char *name,
                             const char *path, GError **error);

/** Like oci_archive_export(), for an index with its images. Errors: see the head. */
gboolean oci_archive_export_index (OciLayout *layout, const OciImageIndex *index, const char *name,
                                   const char *path, GError **error);

G_END_DECLS
