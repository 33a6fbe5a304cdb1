/* Which proj.db each copy of PROJ opens, and which layout of it that copy takes.
 *
 *  libproj          PROJ_DATA, else PROJ_LIB; ../share/proj beside the library's directory; the
 *                   directory it was built for (src/filemanager.cpp; PROJ_DATA since 9.1)
 *  rasterio, fiona  PROJ_DATA, else PROJ_LIB, else their own proj_data: the first alone (env.py);
 *                   without any as libproj
 *  pyogrio          its own proj_data alone (_ogr.pyx); without it as libproj
 *  pyproj           proj_dir/share/proj if there is a proj.db, else PROJ_DATA or PROJ_LIB, else
 *                   share/proj of Python's prefix (datadir.py) */
#pragma once

#include "builder/geo/geo-index.h"

G_BEGIN_DECLS

/**
 * terrane_proj_layout:
 * @version: (nullable): of PROJ, such as "9.1.1"
 * @out_minor: (out): the least minor number of DATABASE.LAYOUT.VERSION that it takes; the major
 *   number is 1 for all
 *
 * Returns: %FALSE when it is older than PROJ 8.0 or no version
 */
gboolean terrane_proj_layout (const char *version, int *out_minor);

/** Whether a PROJ of @version, (nullable), reads PROJ_DATA; older ones know PROJ_LIB only. */
gboolean terrane_proj_reads_proj_data (const char *version);

/* A directory where proj.db is looked for. */
typedef struct
{
  char *path;           /* absolute */
  const char *variable; /* (nullable): what names it */
} TerraneProjPlace;

/**
 * terrane_proj_places:
 * @library: with PROJ's code in it
 * @environment: the image's variables, "NAME=VALUE"
 * @python_prefix: (nullable): sys.prefix of the image's Python
 *
 * Returns: (transfer full): of TerraneProjPlace, in the order of the search
 */
GPtrArray *terrane_proj_places (TerraneTree *tree, const TerraneGeoEntry *library,
                                char **environment, const char *python_prefix);

/** "PROJ_DATA=‘/opt/share/proj’, ‘/usr/share/proj’", for messages. Returns: (transfer full) */
char *terrane_proj_places_text (const GPtrArray *places);

/** The name of the package that ships @entry's library: "rasterio"; "" for none. */
const char *terrane_geo_entry_owner (const TerraneGeoEntry *entry);

G_END_DECLS
