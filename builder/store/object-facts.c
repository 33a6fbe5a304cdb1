#include "builder/store/object-facts.h"

#include "builder/store/elsewhere.h"
#include "builder/store/object.h"

#include "oci/base/parallel.h"

#include <string.h>

/* Files of one layer, which are reused unchanged when another layer changes. */
typedef struct
{
  OciDigester *digester;
  GPtrArray *nodes; /* of TerraneNode, borrowed */
} Group;

typedef struct
{
  const TerraneFactsKind *kind;
  GHashTable *groups; /* tree number -> Group */
} Groups;

static void
group_free (gpointer data)
{
  Group *group = data;
  oci_digester_free (group->digester);
  g_ptr_array_unref (group->nodes);
  g_free (group);
}

static gboolean
group_node (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  const Groups *self = data;
  if (node->type != OCI_ENTRY_FILE || !self->kind->wants (node))
    return TRUE;
  Group *group = g_hash_table_lookup (self->groups, GINT_TO_POINTER (node->tree_number));
  if (group == NULL)
    {
      group = g_new0 (Group, 1);
      group->digester = oci_digester_new ();
      group->nodes = g_ptr_array_new ();
      oci_digester_update (group->digester, self->kind->version, strlen (self->kind->version) + 1);
      g_hash_table_insert (self->groups, GINT_TO_POINTER (node->tree_number), group);
    }
  oci_digester_update (group->digester, node->object.bytes, sizeof node->object.bytes);
  g_ptr_array_add (group->nodes, node);
  return TRUE;
}

/* Whether the first byte, which this process has written, rules out any facts. */
static gboolean
has_none (const TerraneFactsKind *kind, const TerraneNode *node)
{
  return kind->may_begin != NULL && node->fresh && node->start > 0
         && !kind->may_begin ((uint8_t) (node->start - 1));
}

typedef struct
{
  const TerraneNode *node;
  json_t *facts; /* (nullable) */
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;
  json_decref (reading->facts);
  g_free (reading);
}

typedef struct
{
  TerraneStore *store;
  const TerraneFactsKind *kind;
} Reader;

static gboolean
read_object (gpointer data, gpointer item, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  const Reader *self = data;
  Reading *reading = item;
  g_auto (OciFd) fd = -1;
  return terrane_object_open_verified_unnoted (self->store, reading->node, &fd, error)
         && self->kind->read (fd, &reading->facts, error);
}

/* {"objects": {OBJECT: facts}}: an object is content and attributes, at any path. @out_claimed:
 * (out): whether some are from another machine */
static json_t *
read_objects (TerraneStore *store, const TerraneFactsKind *kind, const GPtrArray *nodes,
              gboolean *out_claimed, GError **error)
{
  *out_claimed = FALSE;
  g_autoptr (OciJsonValue) entry = json_object ();
  g_autoptr (GPtrArray) readings = g_ptr_array_new_with_free_func (reading_free);
  g_autoptr (GPtrArray) files = g_ptr_array_new (); /* those of @readings that are read here */
  json_t *objects = json_object ();
  oci_json_set (entry, "objects", objects);
  for (guint i = 0; i < nodes->len; i++)
    {
      if (has_none (kind, nodes->pdata[i]))
        continue;
      Reading *reading = g_new0 (Reading, 1);
      reading->node = nodes->pdata[i];
      g_ptr_array_add (readings, reading);
      if (terrane_elsewhere_facts (store, terrane_cache_kind_name (kind->cache), kind->version,
                                   &reading->node->object, &reading->facts))
        *out_claimed = TRUE;
      else
        g_ptr_array_add (files, reading);
    }
  Reader reader = { .store = store, .kind = kind };
  if (!oci_parallel_each (files, terrane_store_jobs (store), read_object, &reader, NULL, error))
    return NULL;
  for (guint i = 0; i < readings->len; i++)
    {
      Reading *reading = readings->pdata[i];
      OciDigestHex hex;
      if (reading->facts != NULL)
        oci_json_set (objects, oci_digest_hex (&reading->node->object, hex),
                      g_steal_pointer (&reading->facts));
    }
  return g_steal_pointer (&entry);
}

/* Facts from another machine are used but not kept: builds that do not ask it find out
 * themselves. */
static gboolean
read_group (TerraneStore *store, const TerraneFactsKind *kind, Group *group, gpointer data,
            GError **error)
{
  OciDigest key = oci_digester_finish (group->digester);
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, kind->cache, &key);
  if (!json_is_object (json_object_get (entry, "objects")))
    {
      gboolean claimed = FALSE;
      g_clear_pointer (&entry, json_decref);
      entry = read_objects (store, kind, group->nodes, &claimed, error);
      if (entry == NULL
          || (!claimed
              && (!terrane_store_begin_write (store, error)
                  || !terrane_cache_put (store, kind->cache, &key, entry, error))))
        return FALSE;
    }
  const json_t *objects = json_object_get (entry, "objects");
  for (guint i = 0; i < group->nodes->len; i++)
    {
      TerraneNode *node = group->nodes->pdata[i];
      OciDigestHex hex;
      const json_t *facts = json_object_get (objects, oci_digest_hex (&node->object, hex));
      terrane_reads_note_facts (store, terrane_cache_kind_name (kind->cache), kind->version,
                                &node->object, facts);
      if (facts != NULL)
        kind->take (node, facts, data);
    }
  return TRUE;
}

gboolean
terrane_object_facts (TerraneStore *store, TerraneTree *tree, const TerraneFactsKind *kind,
                      gpointer data, GError **error)
{
  g_autoptr (GHashTable) groups = g_hash_table_new_full (NULL, NULL, NULL, group_free);
  Groups self = { .kind = kind, .groups = groups };
  GHashTableIter iter;
  gpointer group;
  (void) terrane_tree_foreach (tree, group_node, &self, NULL); /* grouping cannot fail */
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, NULL, &group))
    if (!read_group (store, kind, group, data, error))
      return FALSE;
  return TRUE;
}
