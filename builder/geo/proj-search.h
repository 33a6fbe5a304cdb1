/* Finds which proj.db each copy of PROJ opens, and which layouts of it that copy accepts.
 *
 *     libproj          PROJ_DATA, else PROJ_LIB; ../share/proj next to the library's directory; the
 *                      directory it was built for (src/filemanager.cpp; PROJ_DATA since 9.1)
 *     rasterio, fiona  PROJ_DATA, else PROJ_LIB, else their own proj_data: only the first of them
 *                      (env.py); if there is none, like libproj
 *     pyogrio          only its own proj_data (_ogr.pyx); if there is none, like libproj
 *     pyproj           proj_dir/share/proj if it has a proj.db, else PROJ_DATA or PROJ_LIB, else
 *                      share/proj of Python's prefix (datadir.py) */
#pragma once

#include "builder/geo/geo-index.h"

G_BEGIN_DECLS

/**
 * terrane_proj_layout:
 * @version: (nullable): of PROJ, such as "9.1.1"
 * @out_minor: (out): the smallest minor number of DATABASE.LAYOUT.VERSION that it accepts; the
 *   major number is 1 for all
 *
 * Returns: %FALSE if it is older than PROJ 8.0 or not a version
 */
gboolean terrane_proj_layout (const char *version, int *out_minor);

/** Whether a PROJ of @version, (nullable), reads PROJ_DATA; older ones only read PROJ_LIB. */
gboolean terrane_proj_reads_proj_data (const char *version);

/* A directory where proj.db is searched for. */
typedef struct
{
  char *path;           /* absolute */
  const char *variable; /* (nullable): variable that names it */
} TerraneProjPlace;

/**
 * terrane_proj_places:
 * @library: contains PROJ's code
 * @environment: the image's variables, "NAME=VALUE"
 * @python_prefix: (nullable): sys.prefix of the image's Python
 *
 * Returns: (transfer full): of TerraneProjPlace, in the order of the search
 */
GPtrArray *terrane_proj_places (TerraneTree *tree, const TerraneGeoEntry *library,
                                char **environment, const char *python_prefix);

/** Returns: (transfer full): "PROJ_DATA=‘/opt/share/proj’, ‘/usr/share/proj’", for messages */
char *terrane_proj_places_text (const GPtrArray *places);

/** Returns: (transfer none): name of the package that contains @entry's library: "rasterio"; "" for
 * none */
const char *terrane_geo_entry_owner (const TerraneGeoEntry *entry);

G_END_DECLS
