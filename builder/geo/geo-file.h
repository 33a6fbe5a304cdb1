/* Finds out what a geospatial library or a proj.db is from the texts in it: nothing is executed and
 * SQLite is not used. Files are untrusted; memory is bounded for any input. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Content of a file; a library can have several libraries linked into it. */
typedef struct
{
  char *
      proj; /* (nullable): "9.1.1", contains PROJ's code; for a proj.db: the version that made it */
  char *gdal;        /* (nullable): "3.6.2" */
  char *geos;        /* (nullable): "3.11.1"; for libgdal also if it is only linked to GEOS */
  char *curl;        /* (nullable): "7.88.1" */
  char *ca_file;     /* (nullable): certificates that its libcurl reads by default */
  char *proj_data;   /* (nullable): data directory that PROJ was built for */
  char *gdal_data;   /* (nullable): data directory that GDAL was built for */
  char *plugins;     /* (nullable): plugin directory that GDAL was built for */
  char **data_files; /* names of data files that GDAL's drivers use; empty for others */
  gboolean database; /* it begins like an SQLite file */
  int layout_major;  /* DATABASE.LAYOUT of a proj.db, as a file or inside of a library; otherwise
                      * -1 */
  int layout_minor;
} TerraneGeoFile;

/**
 * terrane_geo_file_read:
 * @fd: a regular file
 * @out_file: (out) (transfer full) (nullable): %NULL if it contains none of this
 *
 * Fails only if the file cannot be read.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_geo_file_read (int fd, TerraneGeoFile **out_file, GError **error);

void terrane_geo_file_free (TerraneGeoFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneGeoFile, terrane_geo_file_free)

/** Returns: (transfer full): the facts in the form of a cache entry */
json_t *terrane_geo_file_to_json (const TerraneGeoFile *self);
/** Returns: (transfer full) (nullable): %NULL if @value is not such an entry */
TerraneGeoFile *terrane_geo_file_from_json (const json_t *value);

G_END_DECLS
