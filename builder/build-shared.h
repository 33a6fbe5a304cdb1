/* Results that a build takes from registries and gives to them.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED,
 * codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/image/image.h"
#include "builder/image/shared-trees.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

typedef struct
{
  const GPtrArray *from; /* (nullable) (element-type OciReference): images whose layers, and
                            repositories whose results, need not be made again */
  const GPtrArray
      *to; /* (nullable) (element-type OciReference): repositories that receive results */
  const char *secret;         /* (nullable): see shared-cache.h */
  gboolean create_repository; /* creates missing repositories in @to */
  gboolean compare;           /* see shared-cache.h */
  const char *stay; /* (nullable): the registry whose layers may stay there: see remote/layers.h */
  gboolean whole;   /* the trees must be in the store afterwards */
} TerraneBuildCacheOptions;

/* Without a cache, everything is made locally. */
typedef struct
{
  TerraneSourceContext context;
  TerraneSharedCache *cache;   /* (nullable) */
  TerraneRemoteLayers *layers; /* (nullable): layers that need not be made */
  TerraneSharedTrees *trees;   /* (nullable): trees that can be taken */
} TerraneBuildShared;

/**
 * terrane_build_shared_open:
 * @context: its members must outlive @self
 *
 * Looks at the images of --cache-from.
 *
 * Errors: see the head.
 */
gboolean terrane_build_shared_open (TerraneBuildShared *self, const TerraneSourceContext *context,
                                    const TerraneBuildCacheOptions *options, GError **error);
void terrane_build_shared_clear (TerraneBuildShared *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneBuildShared, terrane_build_shared_clear)

/**
 * terrane_build_shared_take:
 * Takes trees from the cache; for trees that have to be made, takes the output of their recipes.
 * @out_trees: of TerraneSourceTree: those that were taken are set
 *
 * Errors: see the head.
 */
gboolean terrane_build_shared_take (TerraneBuildShared *self, const TerranePlan *plan,
                                    const TerraneBase *base, GArray *out_trees, GError **error);

/** Fetches the files of @base if a program in it will be executed for the tree.
 * Errors: see the head. */
gboolean terrane_build_shared_prepare (TerraneBuildShared *self, const TerranePin *pin,
                                       const TerraneBase *base, GError **error);

/** Gives the output of recipes to the cache. Errors: see the head. */
gboolean terrane_build_shared_give_compiled (TerraneBuildShared *self, const TerranePlan *plan,
                                             GError **error);

/** Gives the trees and the findings of the checks to the cache. @trees: of TerraneSourceTree.
 * Errors: see the head. */
gboolean terrane_build_shared_give (TerraneBuildShared *self, const TerranePlan *plan,
                                    const TerraneBase *base, const GArray *trees,
                                    const TerraneImage *image, const TerraneImageOptions *options,
                                    GError **error);

G_END_DECLS
