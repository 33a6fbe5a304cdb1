/* Transport "oci-archive": a tar of an image layout. */
#pragma once

#include "oci/image-index.h"

G_BEGIN_DECLS

/**
 * oci_archive_import:
 * @path: a tar in any compression, read in one pass
 * @file: (nullable): what the file must digest to
 * @name: (nullable): ref.name of the image; %NULL when there is only one
 * @platform: which image of an index to take
 * @layout: receives the blobs; no name is set
 *
 * Returns: (transfer full) (nullable): descriptor of the image manifest
 */
OciDescriptor *oci_archive_import (const char *path, const OciDigest *file, const char *name,
                                   const OciPlatform *platform, OciLayout *layout, GError **error);

/**
 * oci_archive_export:
 * @manifest: an image manifest in @layout
 * @name: ref.name in the archive
 * @path: file to write; it appears when it is complete, and has the same bytes every time
 */
gboolean oci_archive_export (OciLayout *layout, const OciDescriptor *manifest, const char *name,
                             const char *path, GError **error);

/** The same of an index with its images. */
gboolean oci_archive_export_index (OciLayout *layout, const OciImageIndex *index, const char *name,
                                   const char *path, GError **error);

G_END_DECLS
