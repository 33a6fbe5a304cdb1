/* Operations on whole images in layouts: choosing by platform, reading, copying.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO. */
#pragma once

#include "oci/image-config.h"
#include "oci/layout.h"

G_BEGIN_DECLS

/* Fetches a document of an image into the layout unless it exists there. @is_config: otherwise it
 * is a manifest or an index */
typedef gboolean (*OciImageProvide) (gpointer data, const OciDescriptor *document,
                                     gboolean is_config, GError **error);

/**
 * oci_image_find_manifest:
 * @descriptor: of an image manifest, or of an index in @layout
 * @platform: which image of an index to take
 * @provide: (nullable): fetches documents that @layout lacks
 *
 * Indexes may be nested. If the index does not name an image's platform, the image's configuration
 * is read.
 *
 * Returns: (transfer full): descriptor of the image manifest; the error lists the platforms that
 *   images exist for
 * Errors: see the head.
 */
OciDescriptor *oci_image_find_manifest (OciLayout *layout, const OciDescriptor *descriptor,
                                        const OciPlatform *platform, OciImageProvide provide,
                                        gpointer data, GError **error);

/** Returns: (transfer full): the image's platform, for messages */
char *oci_image_describe_platform (const OciImageConfig *config);

/** Whether the image is for @platform or runs there. Errors: %OCI_ERROR_NOT_FOUND, naming its
 * platform. */
gboolean oci_image_check_platform (const OciImageConfig *config, const OciPlatform *platform,
                                   GError **error);

/**
 * oci_image_read:
 * @out_manifest, @out_config: (out) (optional) (transfer full)
 *
 * Reads and parses manifest and config. With @out_config the two are compared: an image has as many
 * diff_ids as layers.
 *
 * Errors: see the head.
 */
gboolean oci_image_read (OciLayout *layout, const OciDescriptor *descriptor,
                         OciManifest **out_manifest, OciImageConfig **out_config, GError **error);

/** Whether the configuration is that of an image: artifacts have others. */
gboolean oci_image_is_image (const OciManifest *manifest);

/**
 * oci_image_read_checked:
 * @out_manifest: (out) (optional) (transfer full)
 *
 * Reads the manifest, and for an image compares it with the configuration as oci_image_read() does.
 *
 * Errors: see the head.
 */
gboolean oci_image_read_checked (OciLayout *layout, const OciDescriptor *descriptor,
                                 OciManifest **out_manifest, GError **error);

/** Whether all blobs of the image exist with the sizes that their descriptors state; an error
 * otherwise. Errors: see the head. */
gboolean oci_image_check_blobs (OciLayout *layout, const OciDescriptor *descriptor, GError **error);

/**
 * oci_image_copy:
 * @descriptor: of an image manifest in @from
 *
 * Copies manifest, config and layers, and verifies every digest; blobs that @to has are not read.
 * An image with another number of layers than of diff_ids is refused.
 *
 * Errors: see the head.
 */
gboolean oci_image_copy (OciLayout *from, const OciDescriptor *descriptor, OciLayout *to,
                         GError **error);

G_END_DECLS
