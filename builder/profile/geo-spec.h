/* "geo" of a profile: what it promises of PROJ's data. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

typedef struct
{
  char **grids; /* (nullable): file names of grids that every PROJ of the image must find */
} TerraneGeoSpec;

/** Reads the member "geo" of @root, if there is one; what is wrong is noted. */
void terrane_geo_spec_read (const OciJson *root, TerraneGeoSpec *self);

void terrane_geo_spec_clear (TerraneGeoSpec *self);

G_END_DECLS
