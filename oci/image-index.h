/* An image for several platforms: reads and writes image-spec v1.1 image-index.md.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

/* Owns all its members. */
typedef struct
{
  GPtrArray *manifests;      /* of OciDescriptor, with their platforms */
  GBytes *raw;               /* the document, exact bytes */
  OciDescriptor *descriptor; /* of the document */
} OciImageIndex;

/**
 * oci_image_index_new:
 * @manifests: (element-type OciDescriptor): of images in @layout, for different platforms
 *
 * The result does not depend on the order of @manifests. It gets the annotations that have the same
 * text in all manifests.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciImageIndex *oci_image_index_new (OciLayout *layout, const GPtrArray *manifests, GError **error);
/**
 * oci_image_index_read:
 * @descriptor: of an index in @layout
 *
 * Reads an index as it is. If it refers to anything but images, such as another index, it fails
 * with %OCI_ERROR_UNSUPPORTED.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciImageIndex *oci_image_index_read (OciLayout *layout, const OciDescriptor *descriptor,
                                     GError **error);
void oci_image_index_free (OciImageIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciImageIndex, oci_image_index_free)

/** Copies the index and its images from @from to @to, as oci_image_copy() does.
 * Errors: see the head. */
gboolean oci_image_index_copy (const OciImageIndex *self, OciLayout *from, OciLayout *to,
                               GError **error);

G_END_DECLS
