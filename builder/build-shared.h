/* What a build takes from registries and gives to them. */
#pragma once

#include "builder/image/image.h"
#include "builder/image/shared-trees.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

typedef struct
{
  const GPtrArray *from; /* (nullable) (element-type OciReference): images whose layers, and
                          * repositories whose results, need not be made again */
  const GPtrArray *to;   /* (nullable) (element-type OciReference): repositories that results are
                          * given to */
  const char *secret;    /* (nullable): see shared-cache.h */
  gboolean create_repository; /* for what is given */
  gboolean compare;           /* see shared-cache.h */
  gboolean whole;             /* the trees must be in the store afterwards */
} TerraneBuildCacheOptions;

/* Without a cache, everything is made here. */
typedef struct
{
  TerraneSourceContext context;
  TerraneSharedCache *cache;   /* (nullable) */
  TerraneRemoteLayers *layers; /* (nullable): that need not be made */
  TerraneSharedTrees *trees;   /* (nullable): where trees may be taken from */
} TerraneBuildShared;

/**
 * terrane_build_shared_open:
 * @context: what it points to must outlive @self
 *
 * Looks at the images of --cache-from.
 */
gboolean terrane_build_shared_open (TerraneBuildShared *self, const TerraneSourceContext *context,
                                    const TerraneBuildCacheOptions *options, GError **error);
void terrane_build_shared_clear (TerraneBuildShared *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneBuildShared, terrane_build_shared_clear)

/** Takes trees, and of those that have to be made what recipes made for them. @out_trees: of
 * TerraneSourceTree: those that were taken are set */
gboolean terrane_build_shared_take (TerraneBuildShared *self, const TerranePlan *plan,
                                    const TerraneBase *base, GArray *out_trees, GError **error);

/** Brings the files of @base when something of it is going to be executed for the tree. */
gboolean terrane_build_shared_prepare (TerraneBuildShared *self, const TerranePin *pin,
                                       const TerraneBase *base, GError **error);

/** Gives what recipes made. */
gboolean terrane_build_shared_give_compiled (TerraneBuildShared *self, const TerranePlan *plan,
                                             GError **error);

/** Gives the trees and what the checks found. @trees: of TerraneSourceTree */
gboolean terrane_build_shared_give (TerraneBuildShared *self, const TerranePlan *plan,
                                    const TerraneBase *base, const GArray *trees,
                                    const TerraneImage *image, const TerraneImageOptions *options,
                                    GError **error);

G_END_DECLS
