#include "builder/diff/trees.h"

#include "builder/annotations.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  SIDES = 2,
};

/* A part of a tree with the same packages in both images, or only in one of them. */
typedef struct
{
  const char *packages;               /* as in the annotation; "" for the whole tree */
  const OciDescriptor *layers[SIDES]; /* (nullable) */
} Part;

/* One tree, or a layer without one. */
typedef struct
{
  const char *name;
  GPtrArray *parts;              /* of Part */
  uint64_t sizes[SIDES];         /* compressed */
  guint layers[SIDES];           /* numbers of them */
  guint added, removed, changed; /* files */
  int64_t bytes;                 /* unpacked, difference from a to b */
} Tree;

static void
tree_free (gpointer data)
{
  Tree *self = data;
  g_ptr_array_unref (self->parts);
  g_free (self);
}

typedef struct
{
  GPtrArray *list; /* of Tree, in the order of the layers */
  GHashTable *by_name;
} Trees;

static Tree *
get_tree (const Trees *self, const char *name)
{
  Tree *tree = g_hash_table_lookup (self->by_name, name);
  if (tree != NULL)
    return tree;
  tree = g_new0 (Tree, 1);
  tree->name = name;
  tree->parts = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->list, tree);
  g_hash_table_insert (self->by_name, (gpointer) name, tree);
  return tree;
}

static Part *
get_part (const Tree *tree, const char *packages, unsigned side)
{
  for (guint i = 0; i < tree->parts->len; i++)
    {
      Part *part = tree->parts->pdata[i];
      if (strcmp (part->packages, packages) == 0 && part->layers[side] == NULL)
        return part;
    }
  Part *part = g_new0 (Part, 1);
  part->packages = packages;
  g_ptr_array_add (tree->parts, part);
  return part;
}

static void
add_layers (const Trees *self, const TerraneDiffSide *side, unsigned index)
{
  const GPtrArray *layers = side->image->manifest->layers;
  for (guint i = 0; i < layers->len; i++)
    {
      const OciDescriptor *layer = layers->pdata[i];
      const char *packages = oci_descriptor_annotation (layer, TERRANE_ANNOTATION_PACKAGES);
      Tree *tree = get_tree (self, side->trees[i + 1]);
      tree->sizes[index] += layer->size;
      tree->layers[index]++;
      get_part (tree, packages != NULL ? packages : "", index)->layers[index] = layer;
    }
}

static int64_t
size_of (const TerraneNode *node)
{
  return node != NULL && node->type == OCI_ENTRY_FILE ? (int64_t) node->size : 0;
}

static gboolean
is_file (const TerraneNode *node)
{
  return node != NULL && node->type != OCI_ENTRY_DIRECTORY;
}

/* A file may have moved from one tree to another. */
static void
add_change (const TerraneDiffChange *change, Tree *a, Tree *b)
{
  if (a != NULL)
    a->bytes -= size_of (change->a);
  if (b != NULL)
    b->bytes += size_of (change->b);
  if (is_file (change->a) && is_file (change->b) && a == b)
    {
      b->changed++;
      return;
    }
  if (is_file (change->a))
    a->removed++;
  if (is_file (change->b))
    b->added++;
}

static gboolean
is_equal (const Part *self)
{
  return self->layers[0] != NULL && self->layers[1] != NULL
         && oci_digest_equal (&self->layers[0]->digest, &self->layers[1]->digest);
}

static json_t *
part_to_json (const Part *self)
{
  static const char *const sides[SIDES] = { "a", "b" };
  json_t *row = json_object ();
  if (self->packages[0] != '\0')
    {
      json_t *packages = json_array ();
      g_auto (GStrv) names = g_strsplit (self->packages, ",", -1);
      for (char **name = names; *name != NULL; name++)
        oci_json_append (packages, oci_json_text (*name));
      oci_json_set (row, "packages", packages);
    }
  for (unsigned i = 0; i < SIDES; i++)
    if (self->layers[i] != NULL)
      oci_json_set (row, sides[i], json_integer ((json_int_t) self->layers[i]->size));
  oci_json_set (row, "equal", json_boolean (is_equal (self)));
  return row;
}

static json_t *
tree_to_json (const Tree *self)
{
  json_t *row = json_object (), *parts = json_array ();
  gboolean equal = TRUE;
  for (guint i = 0; i < self->parts->len; i++)
    {
      equal = equal && is_equal (self->parts->pdata[i]);
      oci_json_append (parts, part_to_json (self->parts->pdata[i]));
    }
  oci_json_set (row, "tree", oci_json_text (self->name));
  if (self->layers[0] > 0)
    oci_json_set (row, "a", json_integer ((json_int_t) self->sizes[0]));
  if (self->layers[1] > 0)
    oci_json_set (row, "b", json_integer ((json_int_t) self->sizes[1]));
  oci_json_set (row, "equal", json_boolean (equal));
  oci_json_set (row, "added", json_integer (self->added));
  oci_json_set (row, "removed", json_integer (self->removed));
  oci_json_set (row, "changed", json_integer (self->changed));
  oci_json_set (row, "bytes", json_integer (self->bytes));
  if (self->parts->len > 1)
    oci_json_set (row, "layers", parts);
  else
    json_decref (parts);
  return row;
}

json_t *
terrane_diff_trees (const TerraneDiffSide *a, const TerraneDiffSide *b, const TerraneTreeDiff *diff)
{
  json_t *rows = json_array ();
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (tree_free);
  g_autoptr (GHashTable) by_name = g_hash_table_new (oci_text_hash, g_str_equal);
  const Trees trees = { .list = list, .by_name = by_name };
  add_layers (&trees, a, 0);
  add_layers (&trees, b, 1);
  for (guint i = 0; i < diff->changes->len; i++)
    {
      const TerraneDiffChange *change = diff->changes->pdata[i];
      add_change (
          change,
          change->a != NULL ? get_tree (&trees, terrane_diff_side_tree (a, change->a)) : NULL,
          change->b != NULL ? get_tree (&trees, terrane_diff_side_tree (b, change->b)) : NULL);
    }
  for (guint i = 0; i < list->len; i++)
    oci_json_append (rows, tree_to_json (list->pdata[i]));
  return rows;
}
