/* The layers that an image would have, without making any. */
#pragma once

#include "builder/image/layer.h"

G_BEGIN_DECLS

/* One layer of an image that is not made. */
typedef struct
{
  char *name;
  OciDescriptor *layer;   /* (nullable): NULL when it would be made */
  OciDigest key;          /* equal keys are equal layers */
  uint64_t content_bytes; /* of its files, before compression */
} TerraneImageLook;

/** Returns: (transfer full): for TerraneImageLook */
GPtrArray *terrane_image_looks_new (void);

/**
 * terrane_image_look_at:
 *
 * Adds what terrane_layer_build() would give to @looks.
 *
 * Returns: (transfer full) (nullable): a layer; one that would have to be made has neither digest
 * nor size
 */
TerraneLayer *terrane_image_look_at (GPtrArray *looks, TerraneStore *store, TerraneTree *assembled,
                                     const GPtrArray *paths, const char *name,
                                     const TerraneRemoteLayers *remote, GError **error);

/** Whether all of them are there. */
gboolean terrane_image_looks_complete (const GPtrArray *looks);

G_END_DECLS
