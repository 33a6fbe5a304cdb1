#include "builder/check/elf-index.h"

#include "builder/store/cache.h"
#include "builder/store/object.h"

#include <string.h>

#define CACHE_VERSION "elf 1"

enum
{
  MIN_PROGRAM_BYTES = 4, /* the magic number; shorter files are not even broken ones */
};

struct _TerraneElfIndex
{
  GPtrArray *entries;  /* of TerraneElfEntry */
  GHashTable *by_node; /* TerraneNode -> TerraneElfEntry */
};

/* Files of one layer: what comes again unchanged when another layer changes. */
typedef struct
{
  OciDigester *digester;
  GPtrArray *nodes; /* of TerraneNode, borrowed */
} Group;

static void
entry_free (gpointer data)
{
  TerraneElfEntry *entry = data;
  g_free (entry->path);
  terrane_elf_free (entry->elf);
  g_free (entry);
}

static void
group_free (gpointer data)
{
  Group *group = data;
  oci_digester_free (group->digester);
  g_ptr_array_unref (group->nodes);
  g_free (group);
}

TerraneElfIndex *
terrane_elf_index_new_empty (void)
{
  TerraneElfIndex *self = g_new0 (TerraneElfIndex, 1);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->by_node = g_hash_table_new (NULL, NULL);
  return self;
}

void
terrane_elf_index_free (TerraneElfIndex *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_node);
  g_ptr_array_unref (self->entries);
  g_free (self);
}

void
terrane_elf_index_add (TerraneElfIndex *self, TerraneNode *node, const char *path, TerraneElf *elf)
{
  TerraneElfEntry *entry = g_new0 (TerraneElfEntry, 1);
  *entry = (TerraneElfEntry){ .node = node, .path = g_strdup (path), .elf = elf };
  g_ptr_array_add (self->entries, entry);
  g_hash_table_insert (self->by_node, node, entry);
}

const GPtrArray *
terrane_elf_index_entries (const TerraneElfIndex *self)
{
  return self->entries;
}

const TerraneElfEntry *
terrane_elf_index_find (const TerraneElfIndex *self, const TerraneNode *node)
{
  return g_hash_table_lookup (self->by_node, node);
}

static gboolean
group_node (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  GHashTable *groups = data;
  if (node->type != OCI_ENTRY_FILE || node->size < MIN_PROGRAM_BYTES)
    return TRUE;
  Group *group = g_hash_table_lookup (groups, GINT_TO_POINTER (node->origin));
  if (group == NULL)
    {
      group = g_new0 (Group, 1);
      group->digester = oci_digester_new ();
      group->nodes = g_ptr_array_new ();
      oci_digester_update (group->digester, CACHE_VERSION, sizeof CACHE_VERSION);
      g_hash_table_insert (groups, GINT_TO_POINTER (node->origin), group);
    }
  oci_digester_update (group->digester, node->object.bytes, sizeof node->object.bytes);
  g_ptr_array_add (group->nodes, node);
  return TRUE;
}

static gboolean
read_object (TerraneStore *store, const TerraneNode *node, TerraneElf **out_elf, GError **error)
{
  g_auto (OciFd) fd = -1;
  return terrane_object_open (store, &node->object, &fd, error)
         && terrane_elf_read (fd, out_elf, error);
}

/* {"objects": {OBJECT: facts}}: an object is content and attributes, whatever paths have it. */
static json_t *
read_objects (TerraneStore *store, const GPtrArray *nodes, GError **error)
{
  g_autoptr (OciJsonValue) entry = json_object ();
  json_t *objects = json_object ();
  oci_json_set (entry, "objects", objects);
  for (guint i = 0; i < nodes->len; i++)
    {
      const TerraneNode *node = nodes->pdata[i];
      g_autoptr (TerraneElf) elf = NULL;
      OciDigestHex hex;
      if (!read_object (store, node, &elf, error))
        return NULL;
      if (elf != NULL)
        oci_json_set (objects, oci_digest_hex (&node->object, hex), terrane_elf_to_json (elf));
    }
  return g_steal_pointer (&entry);
}

static gboolean
read_group (TerraneElfIndex *self, TerraneStore *store, Group *group, GError **error)
{
  OciDigest key = oci_digester_finish (group->digester);
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_PROGRAMS, &key);
  if (!json_is_object (json_object_get (entry, "objects")))
    {
      g_clear_pointer (&entry, json_decref);
      entry = read_objects (store, group->nodes, error);
      if (entry == NULL || !terrane_store_begin_write (store, error)
          || !terrane_cache_put (store, TERRANE_CACHE_PROGRAMS, &key, entry, error))
        return FALSE;
    }
  const json_t *objects = json_object_get (entry, "objects");
  for (guint i = 0; json_object_size (objects) > 0 && i < group->nodes->len; i++)
    {
      TerraneNode *node = group->nodes->pdata[i];
      OciDigestHex hex;
      const json_t *facts = json_object_get (objects, oci_digest_hex (&node->object, hex));
      TerraneElf *elf = facts != NULL ? terrane_elf_from_json (facts) : NULL;
      g_autofree char *path = elf != NULL ? terrane_node_path (node) : NULL;
      if (elf != NULL)
        terrane_elf_index_add (self, node, path, elf);
    }
  return TRUE;
}

static int
compare_entries (const void *a, const void *b)
{
  return strcmp ((*(const TerraneElfEntry *const *) a)->path,
                 (*(const TerraneElfEntry *const *) b)->path);
}

TerraneElfIndex *
terrane_elf_index_new (TerraneStore *store, TerraneTree *tree, GError **error)
{
  g_autoptr (TerraneElfIndex) self = terrane_elf_index_new_empty ();
  g_autoptr (GHashTable) groups = g_hash_table_new_full (NULL, NULL, NULL, group_free);
  GHashTableIter iter;
  gpointer group;
  (void) terrane_tree_foreach (tree, group_node, groups, NULL); /* grouping cannot fail */
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    if (!read_group (self, store, group, error))
      return NULL;
  if (self->entries->len > 0)
    qsort (self->entries->pdata, self->entries->len, sizeof self->entries->pdata[0],
           compare_entries);
  return g_steal_pointer (&self);
}
