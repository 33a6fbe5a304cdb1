/* Finds differences between two layers with the same files: entries that later ones hide, times,
 * the order, the encoding or compression of the tar. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

typedef struct
{
  OciLayout *layout;
  const OciDescriptor *blob;
} TerraneDiffLayer;

/**
 * terrane_diff_layer_bytes:
 * @cause: receives "path", "attribute", "offset", "a", "b" of the first difference
 * @same_tar: both should have the same tar, by their diffIDs; only the tars themselves prove it
 *
 * Compares two layers.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
gboolean terrane_diff_layer_bytes (const TerraneDiffLayer *a, const TerraneDiffLayer *b,
                                   gboolean same_tar, json_t *cause, GError **error);

G_END_DECLS
