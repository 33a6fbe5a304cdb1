/* An image for several platforms: image-spec v1.1 image-index.md, written. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

/* Borrows nothing. */
typedef struct
{
  GPtrArray *manifests;      /* of OciDescriptor, with their platforms */
  GBytes *raw;               /* the document */
  OciDescriptor *descriptor; /* of it */
} OciImageIndex;

/**
 * oci_image_index_new:
 * @manifests: (element-type OciDescriptor): of images in @layout, for different platforms
 *
 * The same images give the same index, in whatever order. It has the annotations that all of their
 * manifests have with the same text.
 *
 * Returns: (transfer full) (nullable)
 */
OciImageIndex *oci_image_index_new (OciLayout *layout, const GPtrArray *manifests, GError **error);
/**
 * oci_image_index_read:
 * @descriptor: of an index in @layout
 *
 * Reads an index as it is. One that names other things than images, such as another index, is
 * %OCI_ERROR_UNSUPPORTED.
 *
 * Returns: (transfer full) (nullable)
 */
OciImageIndex *oci_image_index_read (OciLayout *layout, const OciDescriptor *descriptor,
                                     GError **error);
void oci_image_index_free (OciImageIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciImageIndex, oci_image_index_free)

/** Copies the index and its images from @from, as oci_image_copy() does. */
gboolean oci_image_index_copy (const OciImageIndex *self, OciLayout *from, OciLayout *to,
                               GError **error);

G_END_DECLS
