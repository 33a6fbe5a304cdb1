#include "builder/geo/dedupe.h"

#include "builder/geo/proj-search.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MIN_BYTES = 4096, /* a link costs an entry, too; smaller files are not worth it */
};

/* Directories with data that packages find themselves. */
static const char *const directories[] = {
  "rasterio/gdal_data", "fiona/gdal_data",   "pyogrio/gdal_data",          "rasterio/proj_data",
  "fiona/proj_data",    "pyogrio/proj_data", "pyproj/proj_dir/share/proj", NULL,
};

static void
link_free (gpointer data)
{
  TerraneDedupeLink *link = data;
  g_free (link->path);
  g_free (link->target);
  g_free (link);
}

/* Whether @path ends in @tail, as whole names. */
static gboolean
ends_in (const char *path, const char *tail)
{
  gsize len = strlen (path), tail_len = strlen (tail);
  return len >= tail_len && strcmp (path + len - tail_len, tail) == 0
         && (len == tail_len || path[len - tail_len - 1] == '/');
}

/* Returns the part of @path inside of a package's data directory; NULL for others. */
static const char *
path_inside (const char *path)
{
  for (const char *slash = strchr (path, '/'); slash != NULL; slash = strchr (slash + 1, '/'))
    {
      g_autofree char *parent = g_strndup (path, (gsize) (slash - path));
      for (const char *const *directory = directories; *directory != NULL; directory++)
        if (ends_in (parent, *directory))
          return slash + 1;
    }
  return NULL;
}

/* Returns "../../pyogrio/proj_data/proj.db", the path from one to the other. */
static char *
relative_path (const char *from, const char *to)
{
  gsize common = 0; /* up to and including the last common slash */
  for (gsize i = 0; from[i] != '\0' && from[i] == to[i]; i++)
    if (from[i] == '/')
      common = i + 1;
  GString *text = g_string_new (NULL);
  for (const char *slash = strchr (from + common, '/'); slash != NULL;
       slash = strchr (slash + 1, '/'))
    g_string_append (text, "../");
  g_string_append (text, to + common);
  return g_string_free (text, FALSE);
}

static void
add_link (GPtrArray *links, const TerraneNode *from, const TerraneNode *to)
{
  g_autofree char *target = terrane_node_path (to);
  TerraneDedupeLink *link = g_new0 (TerraneDedupeLink, 1);
  link->path = terrane_node_path (from);
  link->target = relative_path (link->path, target);
  link->size = from->size;
  g_ptr_array_add (links, link);
}

/* Whether every user that can read one file can read the other. */
static gboolean
same_access (const TerraneNode *a, const TerraneNode *b)
{
  return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

/* Finds the newest proj.db of known packages; NULL if some PROJ of the tree does not accept it. */
static const TerraneGeoEntry *
find_newest (const GPtrArray *entries)
{
  const TerraneGeoEntry *newest = NULL;
  int wanted = 0;
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      const TerraneGeoFile *facts = entry->facts;
      int minor = 0;
      if (facts->database)
        {
          if (path_inside (entry->path) != NULL && facts->layout_major == 1
              && (newest == NULL || facts->layout_minor > newest->facts->layout_minor
                  || (facts->layout_minor == newest->facts->layout_minor && facts->proj != NULL
                      && newest->facts->proj != NULL
                      && strverscmp (facts->proj, newest->facts->proj) > 0)))
            newest = entry;
          continue;
        }
      gboolean is_proj = facts->proj != NULL || g_str_has_prefix (entry->node->name, "libproj");
      if (is_proj && !terrane_proj_layout (facts->proj, &minor))
        return NULL;
      wanted = MAX (wanted, minor);
    }
  return newest != NULL && newest->facts->layout_minor >= wanted ? newest : NULL;
}

static void
dedupe_databases (const GPtrArray *entries, GPtrArray *links)
{
  const TerraneGeoEntry *newest = find_newest (entries);
  for (guint i = 0; newest != NULL && i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      if (entry != newest && entry->facts->database && entry->facts->layout_major == 1
          && path_inside (entry->path) != NULL && same_access (entry->node, newest->node))
        add_link (links, entry->node, newest->node);
    }
}

typedef struct
{
  GHashTable *first; /* object -> TerraneNode: the first with that content */
  GPtrArray *links;
} Walk;

/* Equal objects are equal in content, mode and owner. */
static gboolean
dedupe_file (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  const Walk *walk = data;
  OciDigestHex hex;
  if (node->type != OCI_ENTRY_FILE || node->size < MIN_BYTES || path_inside (path) == NULL
      || strcmp (node->name, "proj.db") == 0)
    return TRUE;
  const TerraneNode *first = g_hash_table_lookup (walk->first, oci_digest_hex (&node->object, hex));
  if (first != NULL)
    add_link (walk->links, node, first);
  else
    g_hash_table_insert (walk->first, g_strdup (hex), node);
  return TRUE;
}

static int
compare_links (const void *a, const void *b)
{
  return strcmp ((*(const TerraneDedupeLink *const *) a)->path,
                 (*(const TerraneDedupeLink *const *) b)->path);
}

GPtrArray *
terrane_geo_dedupe (TerraneTree *tree, TerraneGeoIndex *index)
{
  GPtrArray *links = g_ptr_array_new_with_free_func (link_free);
  g_autoptr (GHashTable) first = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Walk walk = { .first = first, .links = links };
  dedupe_databases (terrane_geo_index_entries (index), links);
  (void) terrane_tree_foreach (tree, dedupe_file, &walk, NULL); /* cannot fail */
  g_ptr_array_sort (links, compare_links);
  return links;
}
