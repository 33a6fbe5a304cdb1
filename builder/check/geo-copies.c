/* Several copies of one library in an image, and in one process. */
#include "builder/check/geo-context.h"

#include <string.h>

static const char *
gdal_version (const TerraneGeoFile *facts)
{
  return facts->gdal;
}

static const char *
proj_version (const TerraneGeoFile *facts)
{
  return facts->database ? NULL : facts->proj;
}

static const char *
geos_version (const TerraneGeoFile *facts)
{
  return facts->geos;
}

/* Wheels rename their copies, and PROJ's symbols, too, so that several can be in one process. A
 * copy with its usual name is shared by all files that need it. */
static const struct
{
  const char *name;
  const char *(*version) (const TerraneGeoFile *facts);
  gboolean clash; /* a wheel's and a usual one in the same process are known to crash */
} kinds[] = {
  { "GDAL", gdal_version, TRUE },
  { "PROJ", proj_version, TRUE },
  { "GEOS", geos_version, FALSE },
};

/* libgdal also contains the version of the GEOS that it is linked to. */
static gboolean
is_linked_to_geos (const TerraneGeoContext *self, const TerraneGeoEntry *entry)
{
  const TerraneElfEntry *elf =
      terrane_elf_index_find (terrane_programs_index (self->programs), entry->node);
  for (char *const *name = elf != NULL ? elf->elf->needed : NULL; name != NULL && *name != NULL;
       name++)
    if (g_str_has_prefix (*name, "libgeos"))
      return entry->facts->gdal != NULL;
  return FALSE;
}

typedef struct
{
  guint count;
  GString *list;
  const TerraneGeoEntry *usual; /* (nullable): one with the usual name that a module loads */
  const TerraneGeoEntry *wheel; /* (nullable): one of a wheel that a module loads */
} Copies;

static void
add_copy (const TerraneGeoContext *self, Copies *copies, const TerraneGeoEntry *entry,
          const char *version)
{
  g_autofree char *there = terrane_image_view_quote (self->view, entry->node);
  g_autofree char *quoted = oci_quote (version);
  gboolean loaded = terrane_geo_use (self, entry->node)->module != NULL;
  g_string_append_printf (copies->list, "%s%s (%s)", copies->count++ > 0 ? ", " : "", there,
                          quoted);
  if (loaded && entry->package == NULL && copies->usual == NULL)
    copies->usual = entry;
  if (loaded && entry->package != NULL && copies->wheel == NULL)
    copies->wheel = entry;
}

static void
report_clash (const TerraneGeoContext *self, const char *name, const Copies *copies)
{
  const TerraneElfEntry *module = terrane_geo_use (self, copies->usual->node)->module;
  const TerraneElfEntry *other = terrane_geo_use (self, copies->wheel->node)->module;
  g_autofree char *one = terrane_image_view_quote (self->view, module->node);
  g_autofree char *two = terrane_image_view_quote (self->view, other->node);
  g_autofree char *message = g_strdup_printf ("%u copies of %s: %s\n%s loads the one of the system "
                                              "and %s the one of its wheel. Both in one "
                                              "process crash or give errors that make no sense",
                                              copies->count, name, copies->list->str, one, two);
  terrane_geo_report (self, "geo.several-copies", TERRANE_SEVERITY_ERROR, copies->usual->node,
                      message,
                      "choose one: build the wheels against the system's (--no-binary), or take "
                      "wheels for everything");
}

void
terrane_check_geo_copies (const TerraneGeoContext *self)
{
  const GPtrArray *entries = terrane_geo_index_entries (self->index);
  for (gsize kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    {
      g_autoptr (GString) list = g_string_new (NULL);
      Copies copies = { .list = list };
      for (guint i = 0; i < entries->len; i++)
        {
          const TerraneGeoEntry *entry = entries->pdata[i];
          const char *version = kinds[kind].version (entry->facts);
          if (version != NULL
              && !(version == entry->facts->geos && is_linked_to_geos (self, entry)))
            add_copy (self, &copies, entry, version);
        }
      g_autofree char *message =
          g_strdup_printf ("%u copies of %s: %s", copies.count, kinds[kind].name, copies.list->str);
      if (kinds[kind].clash && copies.usual != NULL && copies.wheel != NULL)
        report_clash (self, kinds[kind].name, &copies);
      else if (copies.count > 1)
        terrane_geo_report (self, "geo.several-copies", TERRANE_SEVERITY_NOTE, NULL, message,
                            "they take space and memory; builds against one of them take less");
    }
}
