/* What differs between two layers whose files are the same in the end: entries that later ones
 * hide, times, the order, how the tar is written or compressed. */
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
 * @cause: gets "path", "attribute", "offset", "a", "b" of the first difference
 * @same_tar: both give the same tar, and are compressed in different ways
 */
gboolean terrane_diff_layer_bytes (const TerraneDiffLayer *a, const TerraneDiffLayer *b,
                                   gboolean same_tar, json_t *cause, GError **error);

G_END_DECLS
