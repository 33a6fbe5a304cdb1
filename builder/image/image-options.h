/* Options for making an image from its base and its trees. */
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
  const GPtrArray
      *pins; /* (nullable) of TerranePin, in the profile's order: for layers per package */
  const TerraneRemoteLayers *remote; /* (nullable): layers in registries, which need not be made */
  TerraneSharedCache *cache;         /* (nullable): cache that may have findings */
  gboolean partial; /* the content of some trees is elsewhere: @assembled is not in the store, and
                       the next build assembles the image again */
  unsigned jobs;    /* number of threads, at least 1 */
  const TerraneProgress *progress;
  GPtrArray *look; /* (nullable): of TerraneImageLook: receives the layers above those of an image
                      base, and nothing is written; see terrane_image_build() */
  json_t **out_failed; /* (nullable) (out) (transfer full): findings that make the checks fail */
} TerraneImageOptions;

G_END_DECLS
