#include "builder/profile/geo-spec.h"

#include <string.h>

enum
{
  MAX_GRIDS = 1024,
};

void
terrane_geo_spec_clear (TerraneGeoSpec *self)
{
  g_clear_pointer (&self->grids, g_strfreev);
}

void
terrane_geo_spec_read (const OciJson *root, TerraneGeoSpec *self)
{
  static const char *const known[] = { "grids", NULL };
  OciJson geo, grids;
  if (!oci_json_member (root, "geo", &geo) || !oci_json_object (&geo, known)
      || !oci_json_member (&geo, "grids", &grids)
      || !oci_json_strv (&grids, MAX_GRIDS, &self->grids))
    return;
  for (char **name = self->grids; *name != NULL; name++)
    if ((*name)[0] == '\0' || (*name)[0] == '.' || strchr (*name, '/') != NULL)
      {
        g_autofree char *quoted = oci_quote (*name);
        oci_json_problem (&grids, "%s is no file name, such as ‘us_noaa_conus.tif’", quoted);
      }
}
