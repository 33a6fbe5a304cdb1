/* Which of the data that several wheels bring along can be one file: the newest proj.db that every
 * PROJ of the tree takes, and files of GDAL and PROJ that are alike. Each package looks in its own
 * directory first, so only links help, no variable does. */
#pragma once

#include "builder/geo/geo-index.h"

G_BEGIN_DECLS

/* A file that becomes a symbolic link. */
typedef struct
{
  char *path;
  char *target;  /* relative */
  uint64_t size; /* of the file that goes */
} TerraneDedupeLink;

/**
 * terrane_geo_dedupe:
 * @tree: one tree, not the whole image: a link must not lead out of its layer
 * @index: of @tree
 *
 * Looks only at rasterio, fiona, pyogrio and pyproj, whose search is known. proj.db files stay when
 * the tree has a PROJ whose version or layout is not known, or one that wants more than the newest
 * of them has.
 *
 * Returns: (transfer full): of TerraneDedupeLink, by path
 */
GPtrArray *terrane_geo_dedupe (TerraneTree *tree, TerraneGeoIndex *index);

G_END_DECLS
