#include "builder/geo/proj-search.h"

#include <string.h>

/* data/sql/metadata.sql of PROJ's tags: minor number of the layout by version. The rule is in
 * src/iso19111/factory.cpp: an error if the majors differ or the file's minor is smaller; a newer
 * file is accepted. */
static const struct
{
  int major, minor, layout;
} layouts[] = {
  { 9, 7, 6 }, { 9, 6, 5 }, { 9, 5, 4 }, { 9, 4, 3 }, { 8, 2, 2 }, { 8, 1, 1 }, { 8, 0, 0 },
};

static gboolean
parse_version (const char *version, int *out_major, int *out_minor)
{
  char *end = NULL;
  if (version == NULL || !g_ascii_isdigit (version[0]))
    return FALSE;
  guint64 major = g_ascii_strtoull (version, &end, 10);
  if (*end != '.' || !g_ascii_isdigit (end[1]) || major > G_MAXINT)
    return FALSE;
  guint64 minor = g_ascii_strtoull (end + 1, NULL, 10);
  *out_major = (int) major;
  *out_minor = (int) MIN (minor, G_MAXINT);
  return TRUE;
}

static gboolean
is_at_least (int major, int minor, int than_major, int than_minor)
{
  return major > than_major || (major == than_major && minor >= than_minor);
}

gboolean
terrane_proj_layout (const char *version, int *out_minor)
{
  int major = 0, minor = 0;
  if (!parse_version (version, &major, &minor))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (layouts); i++)
    if (is_at_least (major, minor, layouts[i].major, layouts[i].minor))
      {
        *out_minor = layouts[i].layout;
        return TRUE;
      }
  return FALSE;
}

gboolean
terrane_proj_reads_proj_data (const char *version)
{
  int major = 0, minor = 0;
  return !parse_version (version, &major, &minor) || is_at_least (major, minor, 9, 1);
}

static void
place_free (gpointer data)
{
  TerraneProjPlace *place = data;
  g_free (place->path);
  g_free (place);
}

static void
add_place (GPtrArray *places, const char *path, const char *variable)
{
  TerraneProjPlace *place = g_new0 (TerraneProjPlace, 1);
  place->path = g_strdup (path);
  place->variable = variable;
  g_ptr_array_add (places, place);
}

/* Adds the directories of the variable that applies; FALSE if none is set. */
static gboolean
add_variable (GPtrArray *places, char **environment, gboolean with_proj_data)
{
  static const char *const names[] = { "PROJ_DATA", "PROJ_LIB" };
  for (gsize i = with_proj_data ? 0 : 1; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_environ_getenv (environment, names[i]);
      if (value == NULL || value[0] == '\0')
        continue;
      g_auto (GStrv) list = g_strsplit (value, ":", -1);
      for (char **path = list; *path != NULL; path++)
        if ((*path)[0] == '/')
          add_place (places, *path, names[i]);
      return TRUE;
    }
  return FALSE;
}

/* Directories in which PROJ itself looks without any setting. */
static void
add_defaults (GPtrArray *places, const TerraneGeoEntry *library, char **environment)
{
  (void) add_variable (places, environment, terrane_proj_reads_proj_data (library->facts->proj));
  g_autofree char *directory = g_path_get_dirname (library->path);
  g_autofree char *parent = g_path_get_dirname (directory);
  g_autofree char *beside =
      g_strconcat ("/", strcmp (parent, ".") != 0 ? parent : "", "/share/proj", NULL);
  add_place (places, beside, NULL);
  if (library->facts->proj_data != NULL)
    add_place (places, library->facts->proj_data, NULL);
}

/* Adds a directory of the package if it has a proj.db. */
static gboolean
add_own (GPtrArray *places, TerraneTree *tree, const TerraneGeoEntry *library, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/%s/%s", library->package, name);
  g_autofree char *database = g_strconcat (path, "/proj.db", NULL);
  if (terrane_tree_follow (tree, database) == NULL)
    return FALSE;
  add_place (places, path, NULL);
  return TRUE;
}

const char *
terrane_geo_entry_owner (const TerraneGeoEntry *entry)
{
  const char *slash = entry->package != NULL ? strrchr (entry->package, '/') : NULL;
  if (entry->package == NULL)
    return "";
  return slash != NULL ? slash + 1 : entry->package;
}

GPtrArray *
terrane_proj_places (TerraneTree *tree, const TerraneGeoEntry *library, char **environment,
                     const char *python_prefix)
{
  GPtrArray *places = g_ptr_array_new_with_free_func (place_free);
  const char *owner = terrane_geo_entry_owner (library);
  gboolean done = FALSE;
  if (strcmp (owner, "rasterio") == 0 || strcmp (owner, "fiona") == 0)
    done = add_variable (places, environment, TRUE) || add_own (places, tree, library, "proj_data");
  else if (strcmp (owner, "pyogrio") == 0)
    done = add_own (places, tree, library, "proj_data");
  else if (strcmp (owner, "pyproj") == 0)
    {
      if (!add_own (places, tree, library, "proj_dir/share/proj"))
        {
          g_autofree char *prefix =
              python_prefix != NULL ? g_strconcat (python_prefix, "/share/proj", NULL) : NULL;
          (void) add_variable (places, environment, TRUE); /* otherwise only the prefix remains */
          if (prefix != NULL)
            add_place (places, prefix, NULL);
        }
      done = TRUE;
    }
  if (!done)
    add_defaults (places, library, environment);
  return places;
}

char *
terrane_proj_places_text (const GPtrArray *places)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < places->len; i++)
    {
      const TerraneProjPlace *place = places->pdata[i];
      g_autofree char *quoted = oci_quote (place->path);
      g_string_append_printf (text, "%s%s%s%s", i > 0 ? ", " : "",
                              place->variable != NULL ? place->variable : "",
                              place->variable != NULL ? "=" : "", quoted);
    }
  return g_string_free (text, FALSE);
}
