#include "builder/geo/geo-index.h"

#include "builder/store/object-facts.h"

#include <string.h>

#define CACHE_VERSION "geo 2"

struct _TerraneGeoIndex
{
  GPtrArray *entries;  /* of TerraneGeoEntry */
  GHashTable *by_node; /* TerraneNode -> TerraneGeoEntry */
  gboolean sorted;
};

static void
entry_free (gpointer data)
{
  TerraneGeoEntry *entry = data;
  g_free (entry->path);
  g_free (entry->package);
  terrane_geo_file_free (entry->facts);
  g_free (entry);
}

TerraneGeoIndex *
terrane_geo_index_new_empty (void)
{
  TerraneGeoIndex *self = g_new0 (TerraneGeoIndex, 1);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->by_node = g_hash_table_new (NULL, NULL);
  return self;
}

void
terrane_geo_index_free (TerraneGeoIndex *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_node);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

/* auditwheel puts the libraries of "rasterio" into "rasterio.libs" next to it. */
static char *
find_package (const TerraneNode *node)
{
  const TerraneNode *parent = node->parent;
  if (parent == NULL || parent->name == NULL || !g_str_has_suffix (parent->name, ".libs"))
    return NULL;
  char *path = terrane_node_path (parent);
  path[strlen (path) - strlen (".libs")] = '\0';
  return path;
}

void
terrane_geo_index_add (TerraneGeoIndex *self, TerraneNode *node, TerraneGeoFile *facts)
{
  TerraneGeoEntry *entry = g_new0 (TerraneGeoEntry, 1);
  *entry = (TerraneGeoEntry){
    .node = node, .path = terrane_node_path (node), .package = find_package (node), .facts = facts
  };
  g_ptr_array_add (self->entries, entry);
  g_hash_table_insert (self->by_node, node, entry);
  self->sorted = FALSE;
}

static int
compare_entries (const void *a, const void *b)
{
  return strcmp ((*(const TerraneGeoEntry *const *) a)->path,
                 (*(const TerraneGeoEntry *const *) b)->path);
}

const GPtrArray *
terrane_geo_index_entries (TerraneGeoIndex *self)
{
  if (!self->sorted && self->entries->len > 0)
    qsort (self->entries->pdata, self->entries->len, sizeof self->entries->pdata[0],
           compare_entries);
  self->sorted = TRUE;
  return self->entries;
}

const TerraneGeoEntry *
terrane_geo_index_find (const TerraneGeoIndex *self, const TerraneNode *node)
{
  return g_hash_table_lookup (self->by_node, node);
}

static gboolean
wants_node (const TerraneNode *node)
{
  static const char *const stems[] = { "libproj", "libgdal", "libgeos_c", "libcurl", NULL };
  if (strcmp (node->name, "proj.db") == 0)
    return TRUE;
  for (const char *const *stem = stems; *stem != NULL; stem++)
    if (g_str_has_prefix (node->name, *stem) && strstr (node->name, ".so") != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
read_facts (int fd, json_t **out_facts, GError **error)
{
  g_autoptr (TerraneGeoFile) file = NULL;
  if (!terrane_geo_file_read (fd, &file, error))
    return FALSE;
  *out_facts = file != NULL ? terrane_geo_file_to_json (file) : NULL;
  return TRUE;
}

static void
take_facts (TerraneNode *node, const json_t *facts, gpointer data)
{
  TerraneGeoFile *file = terrane_geo_file_from_json (facts);
  if (file != NULL)
    terrane_geo_index_add (data, node, file);
}

TerraneGeoIndex *
terrane_geo_index_new (TerraneStore *store, TerraneTree *tree, GError **error)
{
  static const TerraneFactsKind kind = { .cache = TERRANE_CACHE_GEO,
                                         .version = CACHE_VERSION,
                                         .wants = wants_node,
                                         .read = read_facts,
                                         .take = take_facts };
  g_autoptr (TerraneGeoIndex) self = terrane_geo_index_new_empty ();
  if (!terrane_object_facts (store, tree, &kind, self, error))
    return NULL;
  return g_steal_pointer (&self);
}
