/* Comparison of an image's layers with its configuration. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

/**
 * oci_image_check_layers:
 * @descriptor: of an image manifest whose blobs are in @layout
 * @jobs: number of layers that are unpacked at the same time, at least 1
 *
 * Unpacks each layer, without keeping anything, and compares its digest with the diff_id of the
 * configuration. The layout's limits for unpacking apply. Artifacts that are not images have no
 * diff_ids, and are accepted.
 *
 * Errors: %OCI_ERROR_CORRUPT if they differ; %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean oci_image_check_layers (OciLayout *layout, const OciDescriptor *descriptor, unsigned jobs,
                                 GError **error);

G_END_DECLS
