/* Checks the grids that the profile requires: without one PROJ silently uses a less accurate
 * way. */
#include "builder/check/geo-context.h"
#include "builder/geo/proj-search.h"

#include <string.h>

static gboolean
has_grid (const TerraneGeoContext *self, const GPtrArray *places, const char *name)
{
  for (guint i = 0; i < places->len; i++)
    {
      const TerraneProjPlace *place = places->pdata[i];
      g_autofree char *path = g_strconcat (place->path, "/", name, NULL);
      const TerraneNode *node = terrane_tree_follow (self->view->tree, path);
      if (node != NULL && node->type == OCI_ENTRY_FILE && terrane_geo_is_readable (self, node))
        return TRUE;
    }
  return FALSE;
}

static void
check_grid (const TerraneGeoContext *self, const TerraneGeoEntry *library, const char *name)
{
  g_autoptr (GPtrArray) places =
      terrane_proj_places (self->view->tree, library, self->environment, self->prefix);
  if (has_grid (self, places, name))
    return;
  g_autofree char *who = terrane_geo_describe (self, library, "PROJ", library->facts->proj);
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *list = terrane_proj_places_text (places);
  g_autofree char *message = g_strdup_printf (
      "%s does not find the grid %s, which the profile promises; it looks in %s. It takes a less "
      "accurate transformation and says nothing",
      who, quoted, list);
  terrane_geo_report (self, "geo.missing-grid", TERRANE_SEVERITY_ERROR, library->node, message,
                      "add the file of PROJ-data (cdn.proj.org) to that directory");
}

void
terrane_check_geo_grids (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_geo_index_entries (self->index);
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      for (const char *const *name = self->grids; name != NULL && *name != NULL; name++)
        if (!entry->facts->database && entry->facts->proj != NULL)
          check_grid (self, entry, *name);
    }
}
