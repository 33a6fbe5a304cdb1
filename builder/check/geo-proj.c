/* Checks which proj.db every copy of PROJ opens, and whether it can. */
#include "builder/check/geo-context.h"
#include "builder/geo/proj-search.h"

#include <string.h>

/* Result of the search of one library. */
typedef struct
{
  const TerraneNode *node;       /* (nullable): the first readable proj.db */
  const char *variable;          /* (nullable): variable that led there */
  const TerraneNode *unreadable; /* (nullable): the first unreadable one */
} Database;

static Database
find_database (const TerraneGeoContext *self, const GPtrArray *places)
{
  Database database = { 0 };
  for (guint i = 0; i < places->len && database.node == NULL; i++)
    {
      const TerraneProjPlace *place = places->pdata[i];
      g_autofree char *path = g_strconcat (place->path, "/proj.db", NULL);
      const TerraneNode *node = terrane_tree_follow (self->view->tree, path);
      if (node == NULL || node->type != OCI_ENTRY_FILE)
        continue;
      if (terrane_geo_is_readable (self, node))
        {
          database.node = node;
          database.variable = place->variable;
        }
      else if (database.unreadable == NULL)
        database.unreadable = node;
    }
  return database;
}

static void
report_missing (const TerraneGeoContext *self, const TerraneGeoEntry *library,
                TerraneSeverity severity, const GPtrArray *places)
{
  g_autofree char *who = terrane_geo_describe (self, library, "PROJ", library->facts->proj);
  g_autofree char *list = terrane_proj_places_text (places);
  g_autofree char *message =
      g_strdup_printf ("%s finds no proj.db; it looks in %s. It will say \"Cannot find proj.db\", "
                       "and no coordinate system is known",
                       who, list);
  terrane_geo_report (self, "geo.proj-db-missing", severity, library->node, message,
                      "ship PROJ's data, and name their directory in PROJ_DATA and PROJ_LIB; "
                      "wheels that bring data along need both unset");
}

static void
report_unreadable (const TerraneGeoContext *self, const TerraneGeoEntry *library,
                   TerraneSeverity severity, const TerraneNode *node)
{
  g_autofree char *who = terrane_geo_describe (self, library, "PROJ", library->facts->proj);
  g_autofree char *there = terrane_image_view_quote (self->view, node);
  g_autofree char *message = g_strdup_printf (
      "%s is mode %04o, owner %u, or in a directory that others cannot enter: the function's user "
      "cannot read it, and %s will say \"Cannot find proj.db\"",
      there, node->mode, node->uid, who);
  terrane_geo_report (self, "geo.proj-db-unreadable", severity, node, message,
                      "mode 644, directories 755; \"modes\": \"normalise\" does it");
}

static void
report_no_database (const TerraneGeoContext *self, const TerraneGeoEntry *library,
                    TerraneSeverity severity, const TerraneNode *node)
{
  g_autofree char *who = terrane_geo_describe (self, library, "PROJ", library->facts->proj);
  g_autofree char *there = terrane_image_view_quote (self->view, node);
  g_autofree char *message =
      g_strdup_printf ("%s is not an SQLite database, and %s would open it", there, who);
  terrane_geo_report (self, "geo.proj-db-unreadable", severity, node, message,
                      "take the file from the package again");
}

static void
check_layout (const TerraneGeoContext *self, const TerraneGeoEntry *library,
              TerraneSeverity severity, const Database *database)
{
  const TerraneGeoEntry *entry = terrane_geo_index_find (self->index, database->node);
  int minor = 0;
  if (entry == NULL || !entry->facts->database)
    {
      report_no_database (self, library, severity, database->node);
      return;
    }
  const TerraneGeoFile *facts = entry->facts;
  if (!terrane_proj_layout (library->facts->proj, &minor)
      || (facts->layout_major == 1 && facts->layout_minor >= minor))
    return;
  g_autofree char *who = terrane_geo_describe (self, library, "PROJ", library->facts->proj);
  g_autofree char *there = terrane_image_view_quote (self->view, database->node);
  g_autofree char *maker = oci_quote (facts->proj);
  g_autofree char *has =
      facts->layout_major >= 0 && facts->layout_minor >= 0
          ? g_strdup_printf ("layout %d.%d, PROJ %s", facts->layout_major, facts->layout_minor,
                             facts->proj != NULL ? maker : "unknown")
          : g_strdup ("no layout at all, as before PROJ 8.0");
  g_autofree char *message =
      g_strdup_printf ("%s needs a proj.db of layout 1.%d or later%s%s%s %s (%s). It will say \"It "
                       "comes from another "
                       "PROJ installation\", and no coordinate system is known",
                       who, minor, database->variable != NULL ? ", but " : ", but it finds",
                       database->variable != NULL ? database->variable : "",
                       database->variable != NULL ? " leads it to" : "", there, has);
  terrane_geo_report (self, "geo.proj-db-layout", severity, library->node, message,
                      database->variable != NULL
                          ? "unset PROJ_DATA and PROJ_LIB, or let them name the newest proj.db"
                          : "take the proj.db of the newest PROJ in the image, which serves all");
}

/* For libraries that are not known to search elsewhere, and that are loaded, or at least could
 * be. */
static void
check_library (const TerraneGeoContext *self, const TerraneGeoEntry *library)
{
  g_autoptr (GPtrArray) places =
      terrane_proj_places (self->view->tree, library, self->environment, self->prefix);
  Database database = find_database (self, places);
  const char *owner = terrane_geo_entry_owner (library);
  gboolean known = owner[0] == '\0' || strcmp (owner, "rasterio") == 0
                   || strcmp (owner, "fiona") == 0 || strcmp (owner, "pyogrio") == 0
                   || strcmp (owner, "pyproj") == 0;
  TerraneSeverity severity = terrane_geo_use (self, library->node)->required != NULL
                                 ? TERRANE_SEVERITY_ERROR
                                 : TERRANE_SEVERITY_WARNING;
  gboolean embedded = library->facts->layout_major >= 0; /* optional since PROJ 9.6 */
  if (database.node != NULL)
    check_layout (self, library, severity, &database);
  else if (database.unreadable != NULL && !embedded)
    report_unreadable (self, library, severity, database.unreadable);
  else if (database.unreadable == NULL && !embedded && known)
    report_missing (self, library, severity, places);
}

void
terrane_check_geo_proj (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_geo_index_entries (self->index);
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      if (!entry->facts->database && entry->facts->proj != NULL)
        check_library (self, entry);
    }
}
