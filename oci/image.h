/* Whole images between and inside layouts. */
#pragma once

#include "oci/image-config.h"
#include "oci/layout.h"

G_BEGIN_DECLS

/* Brings a document of an image into the layout, unless it is there. @is_config: else it is a
 * manifest or an index */
typedef gboolean (*OciImageProvide) (gpointer data, const OciDescriptor *document,
                                     gboolean is_config, GError **error);

/**
 * oci_image_find_manifest:
 * @descriptor: of an image manifest, or of an index in @layout
 * @platform: which image of an index to take
 * @provide: (nullable): for documents that @layout lacks
 *
 * Indexes may be nested. An image of which the index does not say for which platform it is
 * is asked by its configuration.
 *
 * Returns: (transfer full) (nullable): descriptor of the image manifest; the error lists the
 *   platforms that there are images for
 */
OciDescriptor *oci_image_find_manifest (OciLayout *layout, const OciDescriptor *descriptor,
                                        const OciPlatform *platform, OciImageProvide provide,
                                        gpointer data, GError **error);

/** For which platform an image is, for messages. Returns: (transfer full) */
char *oci_image_describe_platform (const OciImageConfig *config);

/** Whether the image is for @platform, or runs there: an error says for which it is. */
gboolean oci_image_check_platform (const OciImageConfig *config, const OciPlatform *platform,
                                   GError **error);

/**
 * oci_image_read:
 * @out_manifest, @out_config: (out) (optional) (transfer full)
 *
 * Reads and parses manifest and config. With @out_config both are held against each other: an image
 * has as many diff_ids as layers.
 */
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
