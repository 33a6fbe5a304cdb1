/* Index of the geospatial files of a file system: GDAL, PROJ, GEOS, libcurl, proj.db. They are
 * found by name; their content is read once and cached in the store. */
#pragma once

#include "builder/geo/geo-file.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneNode *node;
  char *path;    /* without the leading slash */
  char *package; /* (nullable): "var/task/rasterio" if the file is in a wheel's "rasterio.libs" */
  TerraneGeoFile *facts;
} TerraneGeoEntry;

typedef struct _TerraneGeoIndex TerraneGeoIndex;

/**
 * terrane_geo_index_new:
 * @tree: whose objects are all in the store; borrowed
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO.
 */
TerraneGeoIndex *terrane_geo_index_new (TerraneStore *store, TerraneTree *tree, GError **error);
/** Makes an index without a store, for terrane_geo_index_add(). Returns: (transfer full) */
TerraneGeoIndex *terrane_geo_index_new_empty (void);
void terrane_geo_index_free (TerraneGeoIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneGeoIndex, terrane_geo_index_free)

/** Adds a file. @facts: (transfer full) */
void terrane_geo_index_add (TerraneGeoIndex *self, TerraneNode *node, TerraneGeoFile *facts);

/** Returns: (transfer none): of TerraneGeoEntry, sorted by path */
const GPtrArray *terrane_geo_index_entries (TerraneGeoIndex *self);

/** Returns: (transfer none) (nullable): the entry of @node */
const TerraneGeoEntry *terrane_geo_index_find (const TerraneGeoIndex *self,
                                               const TerraneNode *node);

G_END_DECLS
