/* Finds the layers that an image would have, without making any. */
#pragma once

#include "builder/image/layer.h"

G_BEGIN_DECLS

/* One layer of an image that is not made. */
typedef struct
{
  char *name;
  char **packages;        /* (nullable): of the tree's, if it does not have all of them */
  OciDescriptor *layer;   /* (nullable): NULL if it would be made */
  OciDigest key;          /* equal keys mean equal layers */
  gboolean claimed;       /* see TerraneLayer */
  uint64_t content_bytes; /* of its files, before compression */
} TerraneImageLook;

/** Returns: (transfer full): an empty array of TerraneImageLook */
GPtrArray *terrane_image_looks_new (void);

/**
 * terrane_image_look_new:
 * @packages: (nullable). Returns: (transfer full)
 */
TerraneImageLook *terrane_image_look_new (const char *name, const char *const *packages);
void terrane_image_look_free (TerraneImageLook *self);

/**
 * terrane_image_look_find:
 * Finds the result of terrane_layer_build() without making it.
 *
 * Returns: (transfer full): a layer; one that would have to be made has neither digest nor size
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO.
 */
TerraneLayer *terrane_image_look_find (TerraneImageLook *self, TerraneStore *store,
                                       TerraneTree *assembled, const GPtrArray *paths,
                                       const TerraneRemoteLayers *remote, GError **error);

/** Whether all layers exist. */
gboolean terrane_image_looks_complete (const GPtrArray *looks);

G_END_DECLS
