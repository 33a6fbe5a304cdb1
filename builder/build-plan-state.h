/* A build while it is planned: what is known so far. */
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
  GPtrArray *changes; /* of char *: of the lock */
  json_t *before;     /* (nullable): what the last build was made of */
  TerraneStamp stamp;
  TerraneBuildWatch watch;
  GPtrArray *layers;         /* of TerraneLayerStep */
  TerraneImage *image;       /* (nullable): its manifest too when it is known */
  gboolean open;             /* something is not known without doing it */
  TerraneBuildShared shared; /* what --cache-from has of what would be made */
} TerranePlanning;

G_END_DECLS
