/* The geospatial files of a file system: GDAL, PROJ, GEOS, libcurl, proj.db. Which they are
 * is told by their names; what is in them is read once and remembered in the store's cache. */
#pragma once

#include "builder/geo/geo-file.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneNode *node;
  char *path;    /* without a slash in front */
  char *package; /* (nullable): "var/task/rasterio", when a wheel's "rasterio.libs" has the file */
  TerraneGeoFile *facts;
} TerraneGeoEntry;

typedef struct _TerraneGeoIndex TerraneGeoIndex;

/**
 * terrane_geo_index_new:
 * @tree: whose objects are all in the store; borrowed
 *
 * Returns: (transfer full) (nullable)
 */
TerraneGeoIndex *terrane_geo_index_new (TerraneStore *store, TerraneTree *tree, GError **error);
/** An index without a store, for terrane_geo_index_add(). */
TerraneGeoIndex *terrane_geo_index_new_empty (void);
void terrane_geo_index_free (TerraneGeoIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneGeoIndex, terrane_geo_index_free)

/** @facts: (transfer full) */
void terrane_geo_index_add (TerraneGeoIndex *self, TerraneNode *node, TerraneGeoFile *facts);

/** Returns: (transfer none): of TerraneGeoEntry, by path */
const GPtrArray *terrane_geo_index_entries (TerraneGeoIndex *self);

/** Returns: (transfer none) (nullable) */
const TerraneGeoEntry *terrane_geo_index_find (const TerraneGeoIndex *self,
                                               const TerraneNode *node);

G_END_DECLS
