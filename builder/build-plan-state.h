/* State of a build that is being planned. */
#pragma once

#include "builder/build-inputs.h"
#include "builder/build-plan-options.h"
#include "builder/image/source-image.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneStore *store;
  const TerraneProfile *profile;
  const TerraneBuildPlanOptions *options;
  TerraneSourceContext context;
  char *name;
  TerraneLock *lock;
  TerranePlan *plan;
  TerraneBase *base;
  GArray *trees;      /* of TerraneSourceTree: as they are or would be */
  GPtrArray *changes; /* of char *: changes of the lock */
  json_t *before;     /* (nullable): inputs of the last build */
  TerraneStamp stamp;
  TerraneBuildWatch watch;
  GPtrArray *layers;         /* of TerraneLayerStep */
  TerraneImage *image;       /* (nullable): including its manifest if that is known */
  gboolean open;             /* something can only be known by doing it */
  TerraneBuildShared shared; /* what --cache-from has */
} TerranePlanning;

G_END_DECLS
