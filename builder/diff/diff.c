#include "builder/diff/diff.h"

#include "builder/annotations.h"
#include "builder/diff/cause.h"
#include "builder/diff/change.h"
#include "builder/diff/documents.h"
#include "builder/diff/findings.h"
#include "builder/diff/packages.h"
#include "builder/diff/symbols.h"
#include "builder/diff/trees.h"

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

/* Removes entries that terrane writes for layers. */
static void
forget_layers (json_t *history)
{
  for (size_t i = json_array_size (history); i > 0; i--)
    {
      const char *text =
          json_string_value (json_object_get (json_array_get (history, i - 1), "created_by"));
      if (text != NULL && g_str_has_prefix (text, "terrane: "))
        (void) json_array_remove (history, i - 1);
    }
}

/* Returns the configuration without what depends on the layers. @matching: whether the layers of
 * the images correspond by their positions, as entries of the history then do */
static json_t *
config_of (const TerraneDiffSide *side, gboolean matching)
{
  g_autoptr (GBytes) dump = oci_image_config_dump (side->image->config);
  gsize length = 0;
  const char *bytes = g_bytes_get_data (dump, &length);
  json_t *config = json_loadb (bytes, length, 0, NULL);
  (void) json_object_del (json_object_get (config, "rootfs"), "diff_ids");
  if (!matching)
    forget_layers (json_object_get (config, "history"));
  return config;
}

/* Likewise for the manifest. Returns: (transfer full) (nullable) */
static json_t *
manifest_of (const TerraneDiffSide *side, gboolean matching, GError **error)
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
  if (!matching)
    (void) json_object_del (manifest, "layers");
  return manifest;
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
  oci_json_set (object, "tree", oci_json_text (terrane_diff_side_tree (side, node)));
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
  gboolean matching = terrane_diff_sides_match (self->a, self->b);
  g_autoptr (OciJsonValue) left = config_of (self->a, matching);
  g_autoptr (OciJsonValue) right = config_of (self->b, matching);
  json_t *config = terrane_diff_documents (left, right);
  oci_json_set (document, "config", config);
  g_autoptr (OciJsonValue) first = manifest_of (self->a, matching, error);
  g_autoptr (OciJsonValue) second = first != NULL ? manifest_of (self->b, matching, error) : NULL;
  if (second == NULL)
    return FALSE;
  json_t *manifest = terrane_diff_documents (first, second);
  oci_json_set (document, "manifest", manifest);
  json_t *causes = terrane_diff_causes (self->a, self->b, self->diff, config, manifest, error);
  if (causes == NULL)
    return FALSE;
  oci_json_set (document, "causes", causes);
  oci_json_set (document, "packages", terrane_diff_packages_to_json (self->packages));
  oci_json_set (document, "trees", terrane_diff_trees (self->a, self->b, self->diff));
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
