/* GDAL's own Python bindings, the package osgeo. */
#include "builder/check/geo-context.h"

#include <string.h>

/* "3.6" of "3.6.2" */
static gboolean
same_minor (const char *a, const char *b)
{
  const char *dot = strchr (a, '.');
  gsize len = dot != NULL ? (gsize) (dot - a) + 1 : strlen (a);
  while (g_ascii_isdigit (a[len]))
    len++;
  g_autofree char *minor = g_strndup (a, len);
  return g_str_has_prefix (b, minor) && !g_ascii_isdigit (b[len]);
}

/* The version in "GDAL-3.6.2.egg-info" or "gdal-3.10.3.dist-info". Returns: (transfer full) */
static char *
find_version (const TerraneNode *directory)
{
  for (guint i = 0; directory->children != NULL && i < directory->children->len; i++)
    {
      const char *name = ((const TerraneNode *) directory->children->pdata[i])->name;
      gsize prefix = strlen ("GDAL-");
      if (g_ascii_strncasecmp (name, "GDAL-", prefix) != 0
          || !(g_str_has_suffix (name, ".egg-info") || g_str_has_suffix (name, ".dist-info")))
        continue;
      gsize len = strspn (name + prefix, "0123456789.");
      while (len > 0 && name[prefix + len - 1] == '.')
        len--;
      return g_strndup (name + prefix, len);
    }
  return NULL;
}

static void
check_version (const TerraneGeoContext *self, const TerraneElfEntry *module)
{
  const TerraneGeoEntry *gdal = g_hash_table_lookup (self->osgeo, module);
  const TerraneNode *site = module->node->parent->parent;
  g_autofree char *version = site != NULL ? find_version (site) : NULL;
  if (gdal == NULL || version == NULL || same_minor (version, gdal->facts->gdal))
    return;
  g_autofree char *who = terrane_geo_describe (self, gdal, "GDAL", gdal->facts->gdal);
  g_autofree char *quoted = oci_quote (version);
  g_autofree char *message =
      g_strdup_printf ("the bindings are those of GDAL %s and load %s", quoted, who);
  const char *dot = strrchr (gdal->facts->gdal, '.');
  g_autofree char *minor =
      g_strndup (gdal->facts->gdal, dot != NULL ? (gsize) (dot - gdal->facts->gdal) : 0);
  g_autofree char *fix = g_strdup_printf ("rebuild the bindings with GDAL==%s.*", minor);
  terrane_geo_report (self, "geo.binding-version", TERRANE_SEVERITY_WARNING, module->node, message,
                      fix);
}

void
terrane_check_geo_bindings (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      const TerraneNode *directory = entry->node->parent;
      if (!g_str_has_prefix (entry->node->name, "_gdal.") || directory->name == NULL
          || strcmp (directory->name, "osgeo") != 0)
        continue;
      check_version (self, entry);
    }
}
