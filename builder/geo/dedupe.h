/* Finds data in several wheels that can be one file: the newest proj.db that every PROJ of the tree
 * accepts, and identical files of GDAL and PROJ. Each package looks in its own directory first, so
 * only links help; a variable would not. */
#pragma once

#include "builder/geo/geo-index.h"

G_BEGIN_DECLS

/* A file to be replaced by a symbolic link. */
typedef struct
{
  char *path;
  char *target;  /* relative */
  uint64_t size; /* of the file that is replaced */
} TerraneDedupeLink;

/**
 * terrane_geo_dedupe:
 * @tree: one tree, not the whole image: a link must not lead out of its layer
 * @index: of @tree
 *
 * Considers only rasterio, fiona, pyogrio and pyproj, whose search is known. Keeps all proj.db
 * files if the tree has a PROJ of unknown version or layout, or one that needs more than the newest
 * of them.
 *
 * Returns: (transfer full): of TerraneDedupeLink, sorted by path
 */
GPtrArray *terrane_geo_dedupe (TerraneTree *tree, TerraneGeoIndex *index);

G_END_DECLS
