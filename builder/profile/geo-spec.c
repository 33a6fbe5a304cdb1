#include "builder/profile/geo-spec.h"

#include "builder/profile/field-types.h"

#include <string.h>

enum
{
  MAX_GRIDS = 1024,
};

static void
check_grid (const OciJson *at, char **name)
{
  g_autofree char *quoted = oci_quote (*name);
  if ((*name)[0] == '\0' || (*name)[0] == '.' || strchr (*name, '/') != NULL)
    oci_json_problem (
        at, "invalid file name %s: expected one without a directory, such as ‘us_noaa_conus.tif’",
        quoted);
}

static const TerraneField fields[] = {
  { .name = "grids",
    .type = &terrane_field_texts,
    .offset = offsetof (TerraneGeoSpec, grids),
    .parts = TERRANE_PART_IMAGE,
    .max = MAX_GRIDS,
    .always = TRUE,
    .check = check_grid,
    .help = "File names of grids that every PROJ of the image must find, such as "
            "‘us_noaa_conus.tif’." },
  { .name = NULL },
};

const TerraneSection terrane_geo_section = { .fields = fields, .size = sizeof (TerraneGeoSpec) };
