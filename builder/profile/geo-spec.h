/* "geo" of a profile: requirements for PROJ's data. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

typedef struct
{
  char **grids; /* (nullable): file names of grids that every PROJ of the image must find */
} TerraneGeoSpec;

extern const TerraneSection terrane_geo_section;

G_END_DECLS
