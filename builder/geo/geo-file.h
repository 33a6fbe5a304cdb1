/* What a geospatial library or a proj.db says about itself, by the texts in it: nothing is executed
 * and no SQLite is asked. Files come from strangers; whatever is in them, memory stays bounded. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/* What a file contains; a library can have several parts linked into it. */
typedef struct
{
  char *proj;        /* (nullable): "9.1.1", PROJ's code is in it; of a proj.db: who made it */
  char *gdal;        /* (nullable): "3.6.2" */
  char *geos;        /* (nullable): "3.11.1"; of libgdal also when it is only linked to GEOS */
  char *curl;        /* (nullable): "7.88.1" */
  char *ca_file;     /* (nullable): certificates that its libcurl reads by default */
  char *proj_data;   /* (nullable): the directory that PROJ was built for */
  char *gdal_data;   /* (nullable): the directory that GDAL was built for */
  char *plugins;     /* (nullable): the directory of plugins that GDAL was built for */
  char **data_files; /* names of data files that GDAL's drivers ask for; empty for others */
  gboolean database; /* it begins as an SQLite file does */
  int layout_major;  /* DATABASE.LAYOUT of a proj.db, of the file or inside of a library; else -1 */
  int layout_minor;
} TerraneGeoFile;

/**
 * terrane_geo_file_read:
 * @fd: a regular file
 * @out_file: (out) (transfer full) (nullable): %NULL when there is nothing of interest in it
 *
 * Fails only when the file cannot be read.
 */
gboolean terrane_geo_file_read (int fd, TerraneGeoFile **out_file, GError **error);

void terrane_geo_file_free (TerraneGeoFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneGeoFile, terrane_geo_file_free)

/** The facts as a cache entry holds them. Returns: (transfer full) */
json_t *terrane_geo_file_to_json (const TerraneGeoFile *self);
/** Returns: (transfer full) (nullable) */
TerraneGeoFile *terrane_geo_file_from_json (const json_t *value);

G_END_DECLS
