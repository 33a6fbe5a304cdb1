/* The layers that an image would have, without making any. */
#pragma once

#include "builder/image/layer.h"

G_BEGIN_DECLS

/* One layer of an image that is not made. */
typedef struct
{
  char *name;
  char **packages;        /* (nullable): of the tree's, when it has not all of them */
  OciDescriptor *layer;   /* (nullable): NULL when it would be made */
  OciDigest key;          /* equal keys are equal layers */
  uint64_t content_bytes; /* of its files, before compression */
} TerraneImageLook;

/** Returns: (transfer full): for TerraneImageLook */
GPtrArray *terrane_image_looks_new (void);

/** @packages: (nullable) */
TerraneImageLook *terrane_image_look_new (const char *name, const char *const *packages);
void terrane_image_look_free (TerraneImageLook *self);

/**
 * terrane_image_look_find:
 *
 * Looks for what terrane_layer_build() would give.
 *
 * Returns: (transfer full) (nullable): a layer; one that would have to be made has neither digest
 * nor size
 */
TerraneLayer *terrane_image_look_find (TerraneImageLook *self, TerraneStore *store,
                                       TerraneTree *assembled, const GPtrArray *paths,
                                       const TerraneRemoteLayers *remote, GError **error);

/** Whether all of them are there. */
gboolean terrane_image_looks_complete (const GPtrArray *looks);

G_END_DECLS
