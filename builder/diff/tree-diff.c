#include "builder/diff/tree-diff.h"

#include "builder/store/commit.h"
#include "builder/store/metadata.h"

#include "oci/base/raw-name.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_DEPTH = 4096, /* deeper than any path that the system can have */
};

/* A child of a directory. */
typedef struct
{
  char *name;      /* its bytes in the image */
  GVariant *entry; /* "(say)" of a file, "(sayay)" of a directory */
} Entry;

static void
entry_clear (gpointer data)
{
  Entry *self = data;
  g_free (self->name);
  g_variant_unref (self->entry);
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  return strcmp (((const Entry *) a)->name, ((const Entry *) b)->name);
}

static gboolean
is_directory (GVariant *entry)
{
  return entry != NULL && g_variant_n_children (entry) == 3;
}

/* @tree: (nullable): the checksum of a directory. Returns: (transfer full) (nullable): of Entry, in
 * the order of the tree in memory */
static GArray *
read_entries (OstreeRepo *repo, GVariant *tree, GError **error)
{
  g_autoptr (GArray) entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  g_array_set_clear_func (entries, entry_clear);
  if (tree == NULL)
    return g_steal_pointer (&entries);
  g_autofree char *hex = ostree_checksum_from_bytes_v (tree);
  g_autoptr (GVariant) dirtree =
      terrane_metadata_load (repo, OSTREE_OBJECT_TYPE_DIR_TREE, hex, error);
  if (dirtree == NULL)
    return NULL;
  for (gsize kind = 0; kind < 2; kind++)
    {
      g_autoptr (GVariant) list = g_variant_get_child_value (dirtree, kind);
      for (gsize i = 0; i < g_variant_n_children (list); i++)
        {
          const char *text = NULL;
          Entry entry = { .entry = g_variant_get_child_value (list, i) };
          g_variant_get_child (entry.entry, 0, "&s", &text);
          entry.name = oci_raw_name_from_text (text);
          g_array_append_val (entries, entry);
        }
    }
  g_array_sort (entries, compare_entries);
  return g_steal_pointer (&entries);
}

/* The top directory of a commit. */
static gboolean
read_top (const TerraneDiffRoot *root, GVariant **out_tree, GVariant **out_meta, GError **error)
{
  OciDigestHex hex;
  g_autoptr (GVariant) commit =
      terrane_metadata_load (terrane_store_repo (root->store), OSTREE_OBJECT_TYPE_COMMIT,
                             oci_digest_hex (root->commit, hex), error);
  if (commit == NULL)
    return FALSE;
  g_variant_get_child (commit, 6, "@ay", out_tree);
  g_variant_get_child (commit, 7, "@ay", out_meta);
  return TRUE;
}

typedef struct
{
  OstreeRepo *repo;
  TerraneTree *tree;
  GPtrArray *dists;
} Side;

enum
{
  SIDES = 2,
};

typedef struct
{
  Side sides[SIDES];
  GPtrArray *changes;
  GString *path;
  unsigned depth;
  unsigned in_dist; /* number of directories of a dist-info, which is loaded completely */
} Walk;

static void
change_free (gpointer data)
{
  TerraneDiffChange *self = data;
  g_free (self->path);
  g_free (self);
}

static void
note (Walk *self, TerraneNode *a, TerraneNode *b)
{
  TerraneDiffChange *change = g_new0 (TerraneDiffChange, 1);
  change->path = g_strdup (self->path->str);
  change->a = a;
  change->b = b;
  g_ptr_array_add (self->changes, change);
}

static gboolean
load (const Side *self, const char *path, GVariant *entry, TerraneNode **out_node, GError **error)
{
  if (entry == NULL)
    return TRUE;
  g_autoptr (GVariant) checksum = g_variant_get_child_value (entry, is_directory (entry) ? 2 : 1);
  return is_directory (entry)
             ? terrane_commit_load_directory (self->repo, self->tree, path, checksum, out_node,
                                              error)
             : terrane_commit_load_file (self->repo, self->tree, path, checksum, out_node, error);
}

static gboolean walk_below (Walk *self, GVariant *a, GVariant *b, GError **error);

static GVariant *
tree_of (GVariant *entry)
{
  return is_directory (entry) ? g_variant_get_child_value (entry, 1) : NULL;
}

/* Visits directories that differ, or that only one side has. */
static gboolean
descend (Walk *self, GVariant *const *entries, gboolean is_dist, GError **error)
{
  if (!is_directory (entries[0]) && !is_directory (entries[1]))
    return TRUE;
  if (self->depth >= MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_CORRUPT, "directories are more than %d levels deep",
                      MAX_DEPTH);
  g_autoptr (GVariant) a = tree_of (entries[0]), b = tree_of (entries[1]);
  unsigned within = is_dist || self->in_dist > 0 ? 1 : 0;
  self->depth++;
  self->in_dist += within;
  gboolean ok = walk_below (self, a, b, error);
  self->in_dist -= within;
  self->depth--;
  return ok;
}

/* @entries: (nullable) each: the children of the current path */
static gboolean
visit (Walk *self, GVariant *const *entries, GError **error)
{
  TerraneNode *nodes[SIDES] = { NULL };
  gboolean both = entries[0] != NULL && entries[1] != NULL;
  gboolean equal = both && g_variant_equal (entries[0], entries[1]);
  gboolean is_dist = g_str_has_suffix (self->path->str, ".dist-info")
                     || g_str_has_suffix (self->path->str, ".egg-info");
  /* Links in the top directory: lists of packages name files through them. */
  gboolean is_top = self->depth == 0 && !is_directory (entries[0]);
  if (equal && !is_dist && !is_top && self->in_dist == 0)
    return TRUE;
  for (unsigned i = 0; i < SIDES; i++)
    {
      if (!load (&self->sides[i], self->path->str, entries[i], &nodes[i], error))
        return FALSE;
      if (is_dist && self->in_dist == 0 && nodes[i] != NULL)
        g_ptr_array_add (self->sides[i].dists, nodes[i]);
    }
  if (!equal && (!both || !terrane_node_equal (nodes[0], nodes[1])))
    note (self, nodes[0], nodes[1]);
  return descend (self, entries, is_dist, error);
}

static gboolean
walk_entries (Walk *self, const GArray *a, const GArray *b, GError **error)
{
  guint i = 0, j = 0;
  gsize len = self->path->len;
  while (i < a->len || j < b->len)
    {
      const Entry *left = i < a->len ? &g_array_index (a, Entry, i) : NULL;
      const Entry *right = j < b->len ? &g_array_index (b, Entry, j) : NULL;
      int order = left == NULL ? 1 : right == NULL ? -1 : strcmp (left->name, right->name);
      const Entry *first = order <= 0 ? left : right;
      g_assert (first != NULL); /* otherwise the loop would have ended */
      GVariant *const entries[SIDES] = { order <= 0 ? first->entry : NULL,
                                         order >= 0 && right != NULL ? right->entry : NULL };
      g_string_append_printf (self->path, "%s%s", len > 0 ? "/" : "", first->name);
      gboolean ok = visit (self, entries, error);
      g_string_truncate (self->path, len);
      if (!ok)
        return FALSE;
      i += order <= 0;
      j += order >= 0;
    }
  return TRUE;
}

/* @a, @b: (nullable): checksums of directories */
static gboolean
walk_below (Walk *self, GVariant *a, GVariant *b, GError **error)
{
  g_autoptr (GArray) left = read_entries (self->sides[0].repo, a, error);
  g_autoptr (GArray) right = left != NULL ? read_entries (self->sides[1].repo, b, error) : NULL;
  return right != NULL && walk_entries (self, left, right, error);
}

static gboolean
walk_top (Walk *self, const TerraneDiffRoot *a, const TerraneDiffRoot *b, GError **error)
{
  const TerraneDiffRoot *const roots[SIDES] = { a, b };
  GVariant *trees[SIDES] = { NULL }, *metas[SIDES] = { NULL };
  TerraneNode *nodes[SIDES] = { NULL };
  gboolean ok = TRUE;
  for (unsigned i = 0; i < SIDES && ok; i++)
    ok = read_top (roots[i], &trees[i], &metas[i], error)
         && terrane_commit_load_directory (self->sides[i].repo, self->sides[i].tree, "", metas[i],
                                           &nodes[i], error);
  if (ok && !terrane_node_equal (nodes[0], nodes[1]))
    note (self, nodes[0], nodes[1]);
  ok = ok && (g_variant_equal (trees[0], trees[1]) || walk_below (self, trees[0], trees[1], error));
  for (unsigned i = 0; i < SIDES; i++)
    {
      g_clear_pointer (&trees[i], g_variant_unref);
      g_clear_pointer (&metas[i], g_variant_unref);
    }
  return ok;
}

TerraneTreeDiff *
terrane_tree_diff_new (const TerraneDiffRoot *a, const TerraneDiffRoot *b, GError **error)
{
  g_autoptr (TerraneTreeDiff) self = g_new0 (TerraneTreeDiff, 1);
  g_autoptr (GString) path = g_string_new (NULL);
  self->a = terrane_tree_new ();
  self->b = terrane_tree_new ();
  self->changes = g_ptr_array_new_with_free_func (change_free);
  self->dists_a = g_ptr_array_new ();
  self->dists_b = g_ptr_array_new ();
  Walk walk = {
    .sides = { { terrane_store_repo (a->store), self->a, self->dists_a },
               { terrane_store_repo (b->store), self->b, self->dists_b } },
    .changes = self->changes,
    .path = path,
  };
  return walk_top (&walk, a, b, error) ? g_steal_pointer (&self) : NULL;
}

void
terrane_tree_diff_free (TerraneTreeDiff *self)
{
  if (self == NULL)
    return;
  terrane_tree_free (self->a);
  terrane_tree_free (self->b);
  g_ptr_array_unref (self->changes);
  g_ptr_array_unref (self->dists_a);
  g_ptr_array_unref (self->dists_b);
  g_free (self);
}

/* Existing nodes are kept, since changes borrow them. */
static gboolean
load_missing (const Side *self, GString *path, GVariant *entry, unsigned depth, GError **error)
{
  TerraneNode *node = terrane_tree_lookup (self->tree, path->str);
  gsize len = path->len;
  if ((node == NULL || node->type == OCI_ENTRY_DIRECTORY)
      && !load (self, path->str, entry, &node, error))
    return FALSE;
  if (!is_directory (entry))
    return TRUE;
  if (depth >= MAX_DEPTH)
    return oci_throw (error, OCI_ERROR_CORRUPT, "directories are more than %d levels deep",
                      MAX_DEPTH);
  g_autoptr (GVariant) tree = tree_of (entry);
  g_autoptr (GArray) entries = read_entries (self->repo, tree, error);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      const Entry *child = &g_array_index (entries, Entry, i);
      g_string_append_printf (path, "/%s", child->name);
      gboolean ok = load_missing (self, path, child->entry, depth + 1, error);
      g_string_truncate (path, len);
      if (!ok)
        return FALSE;
    }
  return entries != NULL;
}

/* @out_entry: (out) (transfer full) (nullable): the entry of @tree with this name */
static gboolean
find_child (OstreeRepo *repo, GVariant *tree, const char *name, GVariant **out_entry,
            GError **error)
{
  g_autoptr (GArray) entries = read_entries (repo, tree, error);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      const Entry *child = &g_array_index (entries, Entry, i);
      if (strcmp (child->name, name) == 0)
        *out_entry = g_variant_ref (child->entry);
    }
  return entries != NULL;
}

gboolean
terrane_tree_diff_load (const TerraneDiffRoot *root, TerraneTree *tree, const char *path,
                        GError **error)
{
  g_autoptr (GVariant) at = NULL, meta = NULL;
  g_autoptr (GString) loaded = g_string_new (path);
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  const Side side = { .repo = terrane_store_repo (root->store), .tree = tree };
  if (!read_top (root, &at, &meta, error))
    return FALSE;
  for (char **part = parts; *part != NULL; part++)
    {
      g_autoptr (GVariant) entry = NULL;
      if (!find_child (side.repo, at, *part, &entry, error))
        return FALSE;
      if (entry != NULL && part[1] == NULL)
        return load_missing (&side, loaded, entry, 0, error);
      if (!is_directory (entry))
        return TRUE;
      g_clear_pointer (&at, g_variant_unref);
      at = tree_of (entry);
    }
  return TRUE;
}

/* Layers of nodes are stored as runs in the order of the whole tree, parents first. */
typedef struct
{
  OstreeRepo *repo;
  const json_t *runs; /* [length, layer, length, layer, …] */
  size_t at;
  json_int_t left;    /* of the run at @at */
  GHashTable *counts; /* checksum of a directory -> json_int_t: number of nodes below it */
} Marking;

static int
skip (Marking *self, json_int_t count)
{
  int layer = 0;
  while (count > 0 && self->at < json_array_size (self->runs))
    {
      if (self->left == 0)
        self->left = MAX (json_integer_value (json_array_get (self->runs, self->at)), 1);
      layer = (int) json_integer_value (json_array_get (self->runs, self->at + 1));
      json_int_t step = MIN (self->left, count);
      self->left -= step;
      count -= step;
      if (self->left == 0)
        self->at += 2;
    }
  return layer;
}

static gboolean
count_below (Marking *self, GVariant *tree, unsigned depth, json_int_t *out_count, GError **error)
{
  g_autofree char *hex = ostree_checksum_from_bytes_v (tree);
  const json_int_t *known = g_hash_table_lookup (self->counts, hex);
  if (known != NULL)
    {
      *out_count = *known;
      return TRUE;
    }
  g_autoptr (GVariant) dirtree =
      terrane_metadata_load (self->repo, OSTREE_OBJECT_TYPE_DIR_TREE, hex, error);
  if (dirtree == NULL || depth > MAX_DEPTH)
    return FALSE;
  g_autoptr (GVariant) files = g_variant_get_child_value (dirtree, 0);
  g_autoptr (GVariant) directories = g_variant_get_child_value (dirtree, 1);
  json_int_t count = (json_int_t) g_variant_n_children (files);
  for (gsize i = 0; i < g_variant_n_children (directories); i++)
    {
      json_int_t below = 0;
      g_autoptr (GVariant) child = NULL;
      g_variant_get_child (directories, i, "(&s@ay@ay)", NULL, &child, NULL);
      if (!count_below (self, child, depth + 1, &below, error))
        return FALSE;
      count += 1 + below;
    }
  json_int_t *kept = g_new (json_int_t, 1);
  *kept = *out_count = count;
  g_hash_table_insert (self->counts, g_steal_pointer (&hex), kept);
  return TRUE;
}

/* @directory: (nullable): NULL if nothing below it is needed */
static gboolean
mark_below (Marking *self, const TerraneNode *directory, GVariant *tree, unsigned depth,
            GError **error)
{
  json_int_t count = 0;
  if (directory == NULL || directory->type != OCI_ENTRY_DIRECTORY || directory->children->len == 0)
    {
      if (!count_below (self, tree, depth, &count, error))
        return FALSE;
      (void) skip (self, count);
      return TRUE;
    }
  g_autoptr (GArray) entries = read_entries (self->repo, tree, error);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      const Entry *entry = &g_array_index (entries, Entry, i);
      TerraneNode *node = terrane_node_child (directory, entry->name, strlen (entry->name));
      int layer = skip (self, 1);
      if (node != NULL)
        node->layer = layer;
      g_autoptr (GVariant) below = tree_of (entry->entry);
      if (below != NULL && !mark_below (self, node, below, depth + 1, error))
        return FALSE;
    }
  return entries != NULL;
}

gboolean
terrane_tree_diff_mark_layers (const TerraneDiffRoot *root, TerraneTree *tree, const json_t *layers,
                               GError **error)
{
  g_autoptr (GVariant) top = NULL, meta = NULL;
  g_autoptr (GHashTable) counts =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  Marking marking = { .repo = terrane_store_repo (root->store), .runs = layers, .counts = counts };
  return read_top (root, &top, &meta, error)
         && mark_below (&marking, terrane_tree_root (tree), top, 0, error);
}
