#include "builder/elf/elf-index.h"

#include "builder/elf/binary-format.h"

#include "builder/store/object-facts.h"

#include <string.h>

#define CACHE_VERSION "elf 2"

enum
{
  MIN_PROGRAM_BYTES = 4, /* the magic number; shorter files are not even broken ones */
};

struct _TerraneElfIndex
{
  GPtrArray *entries;  /* of TerraneElfEntry */
  GHashTable *by_node; /* TerraneNode -> TerraneElfEntry */
};

static void
entry_free (gpointer data)
{
  TerraneElfEntry *entry = data;
  g_free (entry->path);
  terrane_elf_free (entry->elf);
  g_free (entry);
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
wants_node (const TerraneNode *node)
{
  return node->size >= MIN_PROGRAM_BYTES;
}

static gboolean
read_facts (int fd, json_t **out_facts, GError **error)
{
  g_autoptr (TerraneElf) elf = NULL;
  if (!terrane_elf_read (fd, &elf, error))
    return FALSE;
  *out_facts = elf != NULL ? terrane_elf_to_json (elf) : NULL;
  return TRUE;
}

static void
take_facts (TerraneNode *node, const json_t *facts, gpointer data)
{
  TerraneElf *elf = terrane_elf_from_json (facts);
  g_autofree char *path = elf != NULL ? terrane_node_path (node) : NULL;
  if (elf != NULL)
    terrane_elf_index_add (data, node, path, elf);
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
  static const TerraneFactsKind kind = { .cache = TERRANE_CACHE_PROGRAMS,
                                         .version = CACHE_VERSION,
                                         .wants = wants_node,
                                         .may_begin = terrane_binary_may_begin,
                                         .read = read_facts,
                                         .take = take_facts };
  g_autoptr (TerraneElfIndex) self = terrane_elf_index_new_empty ();
  if (!terrane_object_facts (store, tree, &kind, self, error))
    return NULL;
  if (self->entries->len > 0)
    qsort (self->entries->pdata, self->entries->len, sizeof self->entries->pdata[0],
           compare_entries);
  return g_steal_pointer (&self);
}
