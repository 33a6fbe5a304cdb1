#include "builder/diff/diff.h"

#include "builder/annotations.h"
#include "builder/diff/cause.h"
#include "builder/diff/change.h"
#include "builder/diff/documents.h"
#include "builder/diff/findings.h"
#include "builder/diff/packages.h"
#include "builder/diff/symbols.h"

#include "oci/base/text-hash.h"

#include <string.h>

typedef struct
{
  TerraneDiffSide *a, *b;
  const TerraneTreeDiff *diff;
  const TerraneDiffPackages *packages;
} Comparison;

static uint64_t
image_size (const TerraneDiffSide *side)
{
  uint64_t size = 0;
  const GPtrArray *layers = side->image->manifest->layers;
  for (guint i = 0; i < layers->len; i++)
    size += ((OciDescriptor *) layers->pdata[i])->size;
  return size;
}

static json_t *
describe_image (const TerraneDiffSide *side)
{
  OciDigestText text;
  json_t *object = json_object ();
  g_autofree char *platform = oci_image_config_platform_text (side->image->config);
  oci_json_set (object, "name", oci_json_text (side->name));
  oci_json_set (object, "digest",
                oci_json_text (oci_digest_text (&side->image->descriptor->digest, text)));
  oci_json_set (object, "platform", oci_json_text (platform));
  oci_json_set (object, "size", json_integer ((json_int_t) image_size (side)));
  return object;
}

/* Returns the configuration without what depends on the layers. */
static json_t *
config_of (const TerraneDiffSide *side)
{
  g_autoptr (GBytes) dump = oci_image_config_dump (side->image->config);
  gsize length = 0;
  const char *bytes = g_bytes_get_data (dump, &length);
  json_t *config = json_loadb (bytes, length, 0, NULL);
  (void) json_object_del (json_object_get (config, "rootfs"), "diff_ids");
  return config;
}

/* Likewise for the manifest. @n_layers: of the other image. Returns: (transfer full) (nullable) */
static json_t *
manifest_of (const TerraneDiffSide *side, guint n_layers, GError **error)
{
  gsize length = 0;
  size_t i;
  json_t *layer;
  g_autoptr (GBytes) raw = oci_layout_read_blob (side->image->layout, side->image->descriptor,
                                                 OCI_MANIFEST_MAX_BYTES, error);
  if (raw == NULL)
    return NULL;
  const char *bytes = g_bytes_get_data (raw, &length);
  json_t *manifest = json_loadb (bytes, length, 0, NULL);
  json_t *config = json_object_get (manifest, "config");
  (void) json_object_del (config, "digest");
  (void) json_object_del (config, "size");
  json_array_foreach (json_object_get (manifest, "layers"), i, layer)
  {
    (void) json_object_del (layer, "digest");
    (void) json_object_del (layer, "size");
    (void) json_object_del (json_object_get (layer, "annotations"), TERRANE_ANNOTATION_LAYER_KEY);
  }
  if (n_layers != side->image->manifest->layers->len) /* positions do not correspond in that case */
    (void) json_object_del (manifest, "layers");
  return manifest;
}

/* One tree, or all layers together that belong to no tree. */
typedef struct
{
  const char *name;
  uint64_t size_a, size_b; /* compressed */
  guint layers_a, layers_b;
  GString *digests_a, *digests_b;
  guint added, removed, changed; /* files */
  int64_t bytes;                 /* unpacked, difference from a to b */
} Tree;

static void
tree_free (gpointer data)
{
  Tree *self = data;
  g_string_free (self->digests_a, TRUE);
  g_string_free (self->digests_b, TRUE);
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
  tree->digests_a = g_string_new (NULL);
  tree->digests_b = g_string_new (NULL);
  g_ptr_array_add (self->list, tree);
  g_hash_table_insert (self->by_name, (gpointer) name, tree);
  return tree;
}

static void
add_layers (const Trees *self, const TerraneDiffSide *side, gboolean is_a)
{
  OciDigestText text;
  const GPtrArray *layers = side->image->manifest->layers;
  for (guint i = 0; i < layers->len; i++)
    {
      const OciDescriptor *layer = layers->pdata[i];
      Tree *tree = get_tree (self, side->layer_names[i + 1]);
      *(is_a ? &tree->size_a : &tree->size_b) += layer->size;
      *(is_a ? &tree->layers_a : &tree->layers_b) += 1;
      g_string_append (is_a ? tree->digests_a : tree->digests_b,
                       oci_digest_text (&layer->digest, text));
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
add_changes (const Trees *self, const Comparison *comparison)
{
  for (guint i = 0; i < comparison->diff->changes->len; i++)
    {
      const TerraneDiffChange *change = comparison->diff->changes->pdata[i];
      Tree *a = change->a != NULL
                    ? get_tree (self, terrane_diff_side_layer (comparison->a, change->a))
                    : NULL;
      Tree *b = change->b != NULL
                    ? get_tree (self, terrane_diff_side_layer (comparison->b, change->b))
                    : NULL;
      if (a != NULL)
        a->bytes -= size_of (change->a);
      if (b != NULL)
        b->bytes += size_of (change->b);
      if (is_file (change->a) && is_file (change->b) && a == b)
        b->changed++;
      else
        {
          if (is_file (change->a))
            a->removed++;
          if (is_file (change->b))
            b->added++;
        }
    }
}

static json_t *
tree_to_json (const Tree *self)
{
  json_t *row = json_object ();
  oci_json_set (row, "tree", oci_json_text (self->name));
  if (self->layers_a > 0)
    oci_json_set (row, "a", json_integer ((json_int_t) self->size_a));
  if (self->layers_b > 0)
    oci_json_set (row, "b", json_integer ((json_int_t) self->size_b));
  oci_json_set (row, "equal", json_boolean (g_string_equal (self->digests_a, self->digests_b)));
  oci_json_set (row, "added", json_integer (self->added));
  oci_json_set (row, "removed", json_integer (self->removed));
  oci_json_set (row, "changed", json_integer (self->changed));
  oci_json_set (row, "bytes", json_integer (self->bytes));
  return row;
}

static json_t *
trees_to_json (const Comparison *comparison)
{
  json_t *rows = json_array ();
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (tree_free);
  g_autoptr (GHashTable) by_name = g_hash_table_new (oci_text_hash, g_str_equal);
  const Trees trees = { .list = list, .by_name = by_name };
  add_layers (&trees, comparison->a, TRUE);
  add_layers (&trees, comparison->b, FALSE);
  add_changes (&trees, comparison);
  for (guint i = 0; i < list->len; i++)
    oci_json_append (rows, tree_to_json (list->pdata[i]));
  return rows;
}

static void
describe_node (json_t *row, const char *key, const TerraneDiffSide *side, const TerraneNode *node)
{
  static const char *const types[] = { "file", "directory", "link" };
  if (node == NULL)
    return;
  json_t *object = json_object ();
  g_autofree char *mode = g_strdup_printf ("%04o", node->mode);
  oci_json_set (object, "type", oci_json_text (types[node->type]));
  oci_json_set (object, "tree", oci_json_text (terrane_diff_side_layer (side, node)));
  if (node->type == OCI_ENTRY_SYMLINK)
    oci_json_set (object, "target", oci_json_text (node->target));
  else
    oci_json_set (object, "mode", oci_json_text (mode));
  if (node->type == OCI_ENTRY_FILE)
    oci_json_set (object, "size", json_integer ((json_int_t) node->size));
  oci_json_set (object, "uid", json_integer (node->uid));
  oci_json_set (object, "gid", json_integer (node->gid));
  oci_json_set (row, key, object);
}

static json_t *
change_to_json (const Comparison *self, const TerraneDiffChange *change, GError **error)
{
  g_autoptr (GPtrArray) words = NULL;
  g_autoptr (OciJsonValue) row = json_object ();
  g_autofree char *path = g_strconcat ("/", change->path, NULL);
  const char *owner = terrane_diff_packages_owner (self->packages, change);
  if (!terrane_diff_attributes (change, self->a->store, self->b->store, &words, error))
    return NULL;
  oci_json_set (row, "path", oci_json_text (path));
  oci_json_set (row, "change",
                oci_json_text (change->a == NULL   ? "added"
                               : change->b == NULL ? "removed"
                                                   : "changed"));
  oci_json_set_text (row, "package", owner);
  describe_node (row, "a", self->a, change->a);
  describe_node (row, "b", self->b, change->b);
  json_t *attributes = json_array ();
  for (guint i = 0; i < words->len; i++)
    oci_json_append (attributes, oci_json_text (words->pdata[i]));
  oci_json_set (row, "attributes", attributes);
  return g_steal_pointer (&row);
}

static json_t *
files_to_json (const Comparison *self, GError **error)
{
  g_autoptr (OciJsonValue) rows = json_array ();
  for (guint i = 0; i < self->diff->changes->len; i++)
    {
      json_t *row = change_to_json (self, self->diff->changes->pdata[i], error);
      if (row == NULL)
        return NULL;
      oci_json_append (rows, row);
    }
  return g_steal_pointer (&rows);
}

static TerraneTreeDiff *
find_changes (const TerraneDiffSide *a, const TerraneDiffSide *b, GError **error)
{
  const TerraneDiffRoot root_a = { .store = a->store, .commit = &a->files.commit };
  const TerraneDiffRoot root_b = { .store = b->store, .commit = &b->files.commit };
  g_autoptr (TerraneTreeDiff) diff = terrane_tree_diff_new (&root_a, &root_b, error);
  if (diff == NULL
      || (diff->changes->len > 0
          && (!terrane_tree_diff_mark_layers (&root_a, diff->a, a->files.layers, error)
              || !terrane_tree_diff_mark_layers (&root_b, diff->b, b->files.layers, error))))
    return NULL;
  return g_steal_pointer (&diff);
}

static gboolean
compare (const Comparison *self, const TerraneDiffOptions *options, json_t *document,
         GError **error)
{
  g_autoptr (OciJsonValue) left = config_of (self->a), right = config_of (self->b);
  json_t *config = terrane_diff_documents (left, right);
  oci_json_set (document, "config", config);
  g_autoptr (OciJsonValue) first =
      manifest_of (self->a, self->b->image->manifest->layers->len, error);
  g_autoptr (OciJsonValue) second =
      first != NULL ? manifest_of (self->b, self->a->image->manifest->layers->len, error) : NULL;
  if (second == NULL)
    return FALSE;
  json_t *manifest = terrane_diff_documents (first, second);
  oci_json_set (document, "manifest", manifest);
  json_t *causes = terrane_diff_causes (self->a, self->b, self->diff, config, manifest, error);
  if (causes == NULL)
    return FALSE;
  oci_json_set (document, "causes", causes);
  oci_json_set (document, "packages", terrane_diff_packages_to_json (self->packages));
  oci_json_set (document, "trees", trees_to_json (self));
  json_t *files = files_to_json (self, error);
  if (files == NULL)
    return FALSE;
  oci_json_set (document, "files", files);
  if (options->symbols)
    {
      json_t *symbols = terrane_diff_symbols (self->a, self->b, self->diff, error);
      if (symbols == NULL)
        return FALSE;
      oci_json_set (document, "symbols", symbols);
    }
  if (options->today == NULL)
    return TRUE;
  json_t *findings = terrane_diff_findings (self->a, self->b, options->today, error);
  if (findings == NULL)
    return FALSE;
  oci_json_set (document, "findings", findings);
  return TRUE;
}

json_t *
terrane_diff (TerraneDiffSide *a, TerraneDiffSide *b, const TerraneDiffOptions *options,
              GError **error)
{
  g_autoptr (OciJsonValue) document = json_object ();
  gboolean equal = oci_digest_equal (&a->image->descriptor->digest, &b->image->descriptor->digest);
  oci_json_set (document, "a", describe_image (a));
  oci_json_set (document, "b", describe_image (b));
  oci_json_set (document, "equal", json_boolean (equal));
  if (equal)
    return g_steal_pointer (&document);
  g_autoptr (TerraneTreeDiff) diff = find_changes (a, b, error);
  g_autoptr (TerraneDiffPackages) packages =
      diff != NULL ? terrane_diff_packages_new (a, b, diff, error) : NULL;
  const Comparison comparison = { .a = a, .b = b, .diff = diff, .packages = packages };
  if (packages == NULL || !compare (&comparison, options, document, error))
    return NULL;
  return g_steal_pointer (&document);
}

gboolean
terrane_diff_is_equal (const json_t *document)
{
  return json_is_true (json_object_get (document, "equal"));
}
