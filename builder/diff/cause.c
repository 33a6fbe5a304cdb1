#include "builder/diff/cause.h"

#include "builder/diff/change.h"
#include "builder/diff/layer-bytes.h"
#include "builder/store/xattrs.h"

#include <string.h>

typedef struct
{
  const TerraneDiffSide *a, *b;
  const TerraneTreeDiff *diff;
} Search;

static const OciDescriptor *
layer_of (const TerraneDiffSide *side, guint index)
{
  const GPtrArray *layers = side->image->manifest->layers;
  return index < layers->len ? layers->pdata[index] : NULL;
}

static void
set_octal (json_t *cause, const char *key, uint32_t mode)
{
  g_autofree char *text = g_strdup_printf ("%04o", mode);
  oci_json_set (cause, key, oci_json_text (text));
}

/* Sets the values of one attribute, if they are short. */
static void
set_values (json_t *cause, const char *attribute, const TerraneNode *a, const TerraneNode *b)
{
  static const char *const types[] = { "file", "directory", "link" };
  if (strcmp (attribute, "mode") == 0)
    {
      set_octal (cause, "a", a->mode);
      set_octal (cause, "b", b->mode);
    }
  else if (strcmp (attribute, "target") == 0)
    {
      oci_json_set (cause, "a", oci_json_text (a->target));
      oci_json_set (cause, "b", oci_json_text (b->target));
    }
  else if (strcmp (attribute, "uid") == 0 || strcmp (attribute, "gid") == 0)
    {
      gboolean is_uid = attribute[0] == 'u';
      oci_json_set (cause, "a", json_integer (is_uid ? a->uid : a->gid));
      oci_json_set (cause, "b", json_integer (is_uid ? b->uid : b->gid));
    }
  else if (strcmp (attribute, "xattrs") == 0)
    {
      oci_json_set (cause, "a", terrane_xattrs_only_in (a->xattrs, b->xattrs));
      oci_json_set (cause, "b", terrane_xattrs_only_in (b->xattrs, a->xattrs));
    }
  else if (strcmp (attribute, "type") == 0)
    {
      oci_json_set (cause, "a", oci_json_text (types[a->type]));
      oci_json_set (cause, "b", oci_json_text (types[b->type]));
    }
}

static void
set_byte (json_t *cause, const TerraneDiffByte *byte)
{
  oci_json_set (cause, "offset", json_integer ((json_int_t) byte->offset));
  if (byte->a >= 0)
    oci_json_set (cause, "a", json_integer (byte->a));
  if (byte->b >= 0)
    oci_json_set (cause, "b", json_integer (byte->b));
}

static gboolean
set_change (const Search *self, const TerraneDiffChange *change, json_t *cause, GError **error)
{
  g_autofree char *path = g_strconcat ("/", change->path, NULL);
  g_autoptr (GPtrArray) words = NULL;
  TerraneDiffByte byte = { .found = FALSE };
  oci_json_set (cause, "path", oci_json_text (path));
  if (!terrane_diff_attributes (change, self->a->store, self->b->store, &words, error))
    return FALSE;
  if (words->len == 0)
    {
      oci_json_set (cause, "attribute", oci_json_text ("present"));
      oci_json_set (cause, "a", json_boolean (change->a != NULL));
      oci_json_set (cause, "b", json_boolean (change->b != NULL));
      return TRUE;
    }
  const char *attribute = words->pdata[0];
  oci_json_set (cause, "attribute", oci_json_text (attribute));
  if (strcmp (attribute, "content") != 0)
    {
      set_values (cause, attribute, change->a, change->b);
      return TRUE;
    }
  if (!terrane_diff_content (self->a->store, change->a, self->b->store, change->b, &byte, error))
    return FALSE;
  set_byte (cause, &byte);
  return TRUE;
}

/* A place of an image: a layer by its number, which starts from 1, or else a tree. */
typedef struct
{
  const char *tree; /* (nullable) */
  int layer;
} Place;

static gboolean
is_in (const Place *self, const TerraneDiffSide *side, const TerraneNode *node)
{
  if (node == NULL)
    return FALSE;
  return self->tree != NULL ? strcmp (terrane_diff_side_tree (side, node), self->tree) == 0
                            : node->layer == self->layer;
}

/* An added or removed directory is represented by the first file in it, which is more informative.
 */
static const TerraneDiffChange *
find_change (const Search *self, const Place *place)
{
  const TerraneDiffChange *directory = NULL;
  for (guint i = 0; i < self->diff->changes->len; i++)
    {
      const TerraneDiffChange *change = self->diff->changes->pdata[i];
      const TerraneNode *some = change->b != NULL ? change->b : change->a;
      if (!is_in (place, self->a, change->a) && !is_in (place, self->b, change->b))
        continue;
      if (some->type != OCI_ENTRY_DIRECTORY || (change->a != NULL && change->b != NULL))
        return change;
      if (directory == NULL)
        directory = change;
    }
  return directory;
}

static gboolean
explain_layer (const Search *self, guint index, json_t *cause, GError **error)
{
  const OciDescriptor *a = layer_of (self->a, index), *b = layer_of (self->b, index);
  const TerraneDiffSide *named = b != NULL ? self->b : self->a;
  OciDigest left, right;
  oci_json_set (cause, "kind", oci_json_text ("layer"));
  oci_json_set (cause, "layer", json_integer (index + 1));
  oci_json_set (cause, "tree", oci_json_text (named->trees[index + 1]));
  gboolean same_tar = a != NULL && b != NULL
                      && oci_image_config_diff_id (self->a->image->config, index, &left, NULL)
                      && oci_image_config_diff_id (self->b->image->config, index, &right, NULL)
                      && oci_digest_equal (&left, &right);
  const Place place = { .layer = (int) index + 1 };
  const TerraneDiffChange *change = same_tar ? NULL : find_change (self, &place);
  if (change != NULL)
    return set_change (self, change, cause, error);
  if (a == NULL || b == NULL)
    {
      oci_json_set (cause, "attribute", oci_json_text ("layer"));
      oci_json_set (cause, "a", json_boolean (a != NULL));
      oci_json_set (cause, "b", json_boolean (b != NULL));
      return TRUE;
    }
  const TerraneDiffLayer of_a = { .layout = self->a->image->layout, .blob = a };
  const TerraneDiffLayer of_b = { .layout = self->b->image->layout, .blob = b };
  return terrane_diff_layer_bytes (&of_a, &of_b, same_tar, cause, error);
}

static gboolean
has_tree (const TerraneDiffSide *side, const char *tree)
{
  return g_strv_contains ((const char *const *) side->trees + 1, tree);
}

/* Returns the names of the layers of a tree. */
static json_t *
parts_of (const TerraneDiffSide *side, const char *tree)
{
  json_t *names = json_array ();
  for (guint i = 1; i <= side->image->manifest->layers->len; i++)
    if (strcmp (side->trees[i], tree) == 0)
      oci_json_append (names, oci_json_text (side->layer_names[i]));
  return names;
}

/* Returns the digests of the layers of a tree. */
static char *
digests_of (const TerraneDiffSide *side, const char *tree)
{
  OciDigestText text;
  g_autoptr (GString) digests = g_string_new (NULL);
  for (guint i = 0; i < side->image->manifest->layers->len; i++)
    if (strcmp (side->trees[i + 1], tree) == 0)
      g_string_append (digests, oci_digest_text (&layer_of (side, i)->digest, text));
  return g_string_free (g_steal_pointer (&digests), FALSE);
}

static gboolean
tree_differs (const Search *self, const char *tree)
{
  g_autofree char *a = digests_of (self->a, tree), *b = digests_of (self->b, tree);
  return strcmp (a, b) != 0;
}

static json_t *
all_trees (const TerraneDiffSide *side)
{
  return oci_json_texts ((const char *const *) side->trees + 1);
}

static void
set_lists (json_t *cause, const char *attribute, json_t *a, json_t *b)
{
  oci_json_set (cause, "attribute", oci_json_text (attribute));
  oci_json_set (cause, "a", a);
  oci_json_set (cause, "b", b);
}

/* Explains a difference of a tree whose layers do not correspond by their positions. @index: of the
 * first position that differs */
static gboolean
explain_tree (const Search *self, const char *tree, guint index, json_t *cause, GError **error)
{
  const Place place = { .tree = tree };
  const TerraneDiffChange *change = find_change (self, &place);
  gboolean in_a = has_tree (self->a, tree), in_b = has_tree (self->b, tree);
  oci_json_set (cause, "tree", oci_json_text (tree));
  if (change != NULL)
    {
      const TerraneNode *node = is_in (&place, self->b, change->b) ? change->b : change->a;
      oci_json_set (cause, "layer", json_integer (MAX (node->layer, 1)));
      return set_change (self, change, cause, error);
    }
  oci_json_set (cause, "layer", json_integer (index + 1));
  if (!in_a || !in_b)
    set_lists (cause, "layer", json_boolean (in_a), json_boolean (in_b));
  else if (tree_differs (self, tree))
    set_lists (cause, "layers", parts_of (self->a, tree), parts_of (self->b, tree));
  else
    set_lists (cause, "order", all_trees (self->a), all_trees (self->b));
  return TRUE;
}

/* Explains the first layer that differs. */
static gboolean
explain_position (const Search *self, guint index, json_t *cause, GError **error)
{
  const OciDescriptor *a = layer_of (self->a, index), *b = layer_of (self->b, index);
  const char *tree_a = a != NULL ? self->a->trees[index + 1] : NULL;
  const char *tree_b = b != NULL ? self->b->trees[index + 1] : NULL;
  if (terrane_diff_sides_match (self->a, self->b)
      || (a != NULL && b != NULL
          && strcmp (self->a->layer_names[index + 1], self->b->layer_names[index + 1]) == 0))
    return explain_layer (self, index, cause, error);
  oci_json_set (cause, "kind", oci_json_text ("layer"));
  /* A tree that only one image has moves the others. */
  const char *tree = tree_a == NULL || (tree_b != NULL && !has_tree (self->a, tree_b)) ? tree_b
                     : tree_b != NULL && !tree_differs (self, tree_a)                  ? tree_b
                                                                                       : tree_a;
  return explain_tree (self, tree, index, cause, error);
}

static gboolean
add_layer (const Search *self, json_t *causes, GError **error)
{
  guint count = MAX (self->a->image->manifest->layers->len, self->b->image->manifest->layers->len);
  for (guint i = 0; i < count; i++)
    {
      const OciDescriptor *a = layer_of (self->a, i), *b = layer_of (self->b, i);
      if (a != NULL && b != NULL && oci_digest_equal (&a->digest, &b->digest))
        continue;
      json_t *cause = json_object ();
      oci_json_append (causes, cause);
      return explain_position (self, i, cause, error);
    }
  return TRUE;
}

static void
add_document (json_t *causes, const char *kind, const json_t *rows)
{
  const json_t *first = json_array_get (rows, 0);
  if (first == NULL)
    return;
  json_t *cause = json_copy ((json_t *) first);
  oci_json_set (cause, "kind", oci_json_text (kind));
  oci_json_append (causes, cause);
}

/* Both have the same meaning in different bytes. */
static gboolean
add_spelling (const TerraneDiffSide *a, const TerraneDiffSide *b, json_t *causes, GError **error)
{
  g_auto (OciFd) left = -1, right = -1;
  TerraneDiffByte byte = { .found = FALSE };
  const OciManifest *manifest_a = a->image->manifest, *manifest_b = b->image->manifest;
  gboolean same_config =
      oci_digest_equal (&manifest_a->config->digest, &manifest_b->config->digest);
  json_t *cause = json_object ();
  oci_json_append (causes, cause);
  oci_json_set (cause, "kind", oci_json_text (same_config ? "manifest" : "config"));
  oci_json_set (cause, "key", oci_json_text (""));
  if (!oci_layout_open_blob (a->image->layout,
                             same_config ? a->image->descriptor : manifest_a->config, &left, error)
      || !oci_layout_open_blob (
          b->image->layout, same_config ? b->image->descriptor : manifest_b->config, &right, error)
      || !terrane_diff_bytes (left, right, &byte, error))
    return FALSE;
  set_byte (cause, &byte);
  return TRUE;
}

json_t *
terrane_diff_causes (const TerraneDiffSide *a, const TerraneDiffSide *b,
                     const TerraneTreeDiff *diff, const json_t *config, const json_t *manifest,
                     GError **error)
{
  const Search search = { .a = a, .b = b, .diff = diff };
  g_autoptr (OciJsonValue) causes = json_array ();
  if (!add_layer (&search, causes, error))
    return NULL;
  add_document (causes, "config", config);
  if (json_array_size (causes) == 0)
    add_document (causes, "manifest", manifest);
  if (json_array_size (causes) == 0 && !add_spelling (a, b, causes, error))
    return NULL;
  return g_steal_pointer (&causes);
}
