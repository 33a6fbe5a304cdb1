/* How an image is made of its base and its trees. */
#pragma once

#include "builder/image/stamp.h"
#include "builder/remote/layers.h"
#include "builder/remote/shared-cache.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneStamp *stamp;
  const TerraneProfileTexts *texts; /* of the configuration and the manifest */
  const GPtrArray *pins; /* (nullable) of TerranePin, in the profile's order: packages' layers */
  const TerraneRemoteLayers *remote; /* (nullable): layers in registries that need not be made */
  TerraneSharedCache *cache;         /* (nullable): where findings may be known */
  gboolean partial; /* the content of some trees is elsewhere: @assembled is not in the store, and
                     * the image is put together again by the next build */
  unsigned jobs;    /* threads, at least 1 */
  const TerraneProgress *progress;
  GPtrArray *look;     /* (nullable): of TerraneImageLook: gets the layers above those of an image
                        * base, and nothing is written; see terrane_image_build() */
  json_t **out_failed; /* (nullable) (out) (transfer full): findings that let the checks fail */
} TerraneImageOptions;

G_END_DECLS
