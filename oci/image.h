/* Whole images between and inside layouts. */
#pragma once

#include "oci/image-config.h"
#include "oci/layout.h"

G_BEGIN_DECLS

/**
 * oci_image_find_manifest:
 * @descriptor: of an image manifest, or of an index in @layout
 * @platform: "os/architecture": which image of an index to take
 *
 * Returns: (transfer full) (nullable): descriptor of the image manifest
 */
OciDescriptor *oci_image_find_manifest (OciLayout *layout, const OciDescriptor *descriptor,
                                        const char *platform, GError **error);

/** Reads and parses manifest and config; either out may be NULL. (transfer full) */
gboolean oci_image_read (OciLayout *layout, const OciDescriptor *descriptor,
                         OciManifest **out_manifest, OciImageConfig **out_config, GError **error);

/** Whether all blobs of the image are there with the sizes that their descriptors state. */
gboolean oci_image_check_blobs (OciLayout *layout, const OciDescriptor *descriptor, GError **error);

/**
 * oci_image_copy:
 * @descriptor: of an image manifest in @from
 *
 * Copies manifest, config and layers, verifying every digest on the way; blobs that @to has are
 * not read.
 */
gboolean oci_image_copy (OciLayout *from, const OciDescriptor *descriptor, OciLayout *to,
                         GError **error);

G_END_DECLS
