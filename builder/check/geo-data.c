/* Checks GDAL's data files and plugins: where the variables, or the library itself, point to. */
#include "builder/check/geo-context.h"
#include "builder/geo/proj-search.h"

#include <string.h>

static const TerraneNode *
find_directory (const TerraneGeoContext *self, const char *path)
{
  return path != NULL ? terrane_tree_follow_directory (self->view->tree, path) : NULL;
}

/* Finds the package's own data directory. */
static const TerraneNode *
find_own (const TerraneGeoContext *self, const TerraneGeoEntry *library)
{
  g_autofree char *path =
      library->package != NULL ? g_strconcat (library->package, "/gdal_data", NULL) : NULL;
  return find_directory (self, path);
}

/* Returns "‘header.dxf’, ‘default.rsc’": the files of @library that @directory lacks, NULL if
 * none. */
static char *
list_lacking (const TerraneGeoContext *self, const TerraneGeoEntry *library,
              const TerraneNode *directory)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (char **name = library->facts->data_files; *name != NULL; name++)
    {
      const TerraneNode *file = terrane_node_child (directory, *name, strlen (*name));
      g_autofree char *path = file != NULL ? terrane_node_path (file) : NULL;
      file = path != NULL ? terrane_tree_follow (self->view->tree, path) : NULL;
      if (file == NULL || !terrane_geo_is_readable (self, file))
        g_string_append_printf (text, "%s‘%s’", text->len > 0 ? ", " : "", *name);
    }
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

static void
report_no_directory (const TerraneGeoContext *self, const TerraneGeoEntry *library,
                     const char *value)
{
  g_autofree char *who = terrane_geo_describe (self, library, "GDAL", library->facts->gdal);
  g_autofree char *quoted = oci_quote (value);
  g_autofree char *message = g_strdup_printf (
      "GDAL_DATA=%s is not a directory of the image, and %s looks nowhere else. It "
      "says nothing until a driver needs a file",
      quoted, who);
  terrane_geo_report (self, "geo.data-variable", TERRANE_SEVERITY_WARNING, NULL, message,
                      "name the directory that comes with this GDAL; wheels need GDAL_DATA unset");
}

static void
report_foreign_directory (const TerraneGeoContext *self, const TerraneGeoEntry *library,
                          const char *value)
{
  g_autofree char *who = terrane_geo_describe (self, library, "GDAL", library->facts->gdal);
  g_autofree char *quoted = oci_quote (value);
  g_autofree char *message = g_strdup_printf (
      "GDAL_DATA=%s leads %s away from the data files that it ships with", quoted, who);
  terrane_geo_report (self, "geo.data-variable", TERRANE_SEVERITY_WARNING, library->node, message,
                      "unset GDAL_DATA: wheels find their own");
}

static void
report_lacking (const TerraneGeoContext *self, const TerraneGeoEntry *library,
                const TerraneNode *directory, const char *files)
{
  g_autofree char *who = terrane_geo_describe (self, library, "GDAL", library->facts->gdal);
  g_autofree char *there =
      directory != NULL ? terrane_image_view_quote (self->view, directory) : NULL;
  g_autofree char *message =
      there != NULL ? g_strdup_printf (
          "%s reads its data from %s, which lacks %s, or they cannot be read", who, there, files)
                    : g_strdup_printf ("%s finds no directory with its data", who);
  terrane_geo_report (self, "geo.gdal-data", TERRANE_SEVERITY_WARNING, library->node, message,
                      "ship share/gdal of the same GDAL, and name it in GDAL_DATA");
}

/* GDAL 3.11 and later may contain the files; whether it does cannot be seen from outside. */
static gboolean
may_be_embedded (const char *version)
{
  guint64 major = g_ascii_strtoull (version, NULL, 10);
  const char *dot = strchr (version, '.');
  guint64 minor = dot != NULL ? g_ascii_strtoull (dot + 1, NULL, 10) : 0;
  return major > 3 || (major == 3 && minor >= 11);
}

static void
check_data (const TerraneGeoContext *self, const TerraneGeoEntry *library)
{
  const char *owner = terrane_geo_entry_owner (library);
  const char *value = terrane_geo_variable (self, "GDAL_DATA");
  const TerraneNode *own = find_own (self, library);
  const TerraneNode *directory = own;
  gboolean known = owner[0] == '\0' || own != NULL;
  if (value != NULL && strcmp (owner, "pyogrio") != 0)
    {
      directory = find_directory (self, value);
      if (directory == NULL)
        {
          report_no_directory (self, library, value);
          return;
        }
      if (own != NULL && own != directory)
        report_foreign_directory (self, library, value);
    }
  if (directory == NULL)
    directory = find_directory (self, library->facts->gdal_data);
  if (directory == NULL && owner[0] == '\0')
    directory = find_directory (self, "/usr/share/gdal"); /* sys.prefix of the system's Python */
  if (directory == NULL && (!known || may_be_embedded (library->facts->gdal)))
    return;
  g_autofree char *lacking =
      directory != NULL ? list_lacking (self, library, directory) : g_strdup ("");
  if (lacking != NULL && library->facts->data_files[0] != NULL)
    report_lacking (self, library, directory, lacking);
}

/* Returns the name by which @plugin needs GDAL. */
static const char *
wanted_gdal (const TerraneElf *plugin)
{
  for (char *const *name = plugin->needed; *name != NULL; name++)
    if (g_str_has_prefix (*name, "libgdal"))
      return *name;
  return NULL;
}

static void
check_plugin (const TerraneGeoContext *self, const TerraneGeoEntry *library,
              const TerraneElfEntry *plugin)
{
  const TerraneElfEntry *gdal =
      terrane_elf_index_find (terrane_programs_index (self->programs), library->node);
  const char *wanted = wanted_gdal (plugin->elf);
  if (wanted == NULL || gdal == NULL || gdal->elf->soname == NULL
      || strcmp (gdal->elf->soname, wanted) == 0)
    return;
  g_autofree char *who = terrane_geo_describe (self, library, "GDAL", library->facts->gdal);
  g_autofree char *quoted = oci_quote (wanted);
  g_autofree char *has = oci_quote (gdal->elf->soname);
  g_autofree char *message = g_strdup_printf (
      "%s, which is %s, would load this plugin, which is for %s: a second GDAL in the process, or "
      "none at all",
      who, has, quoted);
  terrane_geo_report (self, "geo.driver-path", TERRANE_SEVERITY_WARNING, plugin->node, message,
                      "ship plugins of the same build, or set GDAL_DRIVER_PATH to \"disable\"");
}

static void
check_plugins (const TerraneGeoContext *self, const TerraneGeoEntry *library)
{
  const char *value = terrane_geo_variable (self, "GDAL_DRIVER_PATH");
  if (g_strcmp0 (value, "disable") == 0 || (value == NULL && library->facts->plugins == NULL))
    return;
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  g_auto (GStrv) list = g_strsplit (value != NULL ? value : library->facts->plugins, ":", -1);
  for (char **path = list; *path != NULL; path++)
    {
      const TerraneNode *directory = find_directory (self, *path);
      for (guint i = 0; directory != NULL && i < entries->len; i++)
        {
          const TerraneElfEntry *entry = entries->pdata[i];
          if (entry->node->parent == directory
              && (g_str_has_prefix (entry->node->name, "gdal_")
                  || g_str_has_prefix (entry->node->name, "ogr_")))
            check_plugin (self, library, entry);
        }
    }
}

void
terrane_check_geo_data (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_geo_index_entries (self->index);
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      if (entry->facts->gdal == NULL)
        continue;
      check_data (self, entry);
      check_plugins (self, entry);
    }
}
