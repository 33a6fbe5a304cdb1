/* State shared by the files of the family "geo". */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/programs.h"
#include "builder/geo/geo-index.h"

G_BEGIN_DECLS

/* A file that loads a library. */
typedef struct
{
  const TerraneElfEntry *module;   /* (nullable): a module of the main process */
  const TerraneElfEntry *required; /* (nullable): a program or module that the function needs */
} TerraneGeoUse;

typedef struct
{
  const TerraneImageView *view;
  TerranePrograms *programs;
  TerraneGeoIndex *index;
  TerraneFindings *findings;
  char **environment;
  const char *const *grids; /* (nullable): required by the profile */
  const char *prefix;       /* (nullable): sys.prefix of the image's Python */
  gboolean any_user;        /* it runs as a user that owns nothing in the image */
  GHashTable *uses;         /* TerraneNode -> TerraneGeoUse */
  GHashTable *osgeo; /* TerraneElfEntry of osgeo/_gdal -> TerraneGeoEntry of the GDAL it loads */
} TerraneGeoContext;

/** Returns: (transfer none): never %NULL */
const TerraneGeoUse *terrane_geo_use (const TerraneGeoContext *self, const TerraneNode *node);

/** Whether the user that the image runs as can read @node. */
gboolean terrane_geo_is_readable (const TerraneGeoContext *self, const TerraneNode *node);

/** Returns: (transfer none) (nullable): value of a variable of the image; %NULL if it is empty, too
 */
const char *terrane_geo_variable (const TerraneGeoContext *self, const char *name);

/** Returns: (transfer full): "rasterio's GDAL 3.10.3", "GDAL 3.6.2 in ‘/usr/lib/…’ in ‘gdal’" */
char *terrane_geo_describe (const TerraneGeoContext *self, const TerraneGeoEntry *entry,
                            const char *what, const char *version);

/** Adds a finding. @node: (nullable): the file that it is about */
void terrane_geo_report (const TerraneGeoContext *self, const char *id, TerraneSeverity severity,
                         const TerraneNode *node, const char *message, const char *fix);

/* The parts of the family; each adds its findings. */
/** The proj.db that each PROJ finds. */
void terrane_check_geo_proj (const TerraneGeoContext *self);
/** Data files of GDAL. */
void terrane_check_geo_data (const TerraneGeoContext *self);
/** Several copies of one library. */
void terrane_check_geo_copies (const TerraneGeoContext *self);
/** Certificates of libcurl. */
void terrane_check_geo_tls (const TerraneGeoContext *self);
/** Bindings and the GDAL that they load. */
void terrane_check_geo_bindings (const TerraneGeoContext *self);
/** The grids of the profile. */
void terrane_check_geo_grids (const TerraneGeoContext *self);

G_END_DECLS
