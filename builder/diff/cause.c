#include "builder/diff/cause.h"

#include "builder/diff/change.h"
#include "builder/diff/layer-bytes.h"

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
  else if (strcmp (attribute, "type") == 0)
    {
      oci_json_set (cause, "a", oci_json_text (types[a->type]));
      oci_json_set (cause, "b", oci_json_text (types[b->type]));
    }
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
  oci_json_set (cause, "offset", json_integer ((json_int_t) byte.offset));
  if (byte.a >= 0)
    oci_json_set (cause, "a", json_integer (byte.a));
  if (byte.b >= 0)
    oci_json_set (cause, "b", json_integer (byte.b));
  return TRUE;
}

/* Finds a change in a layer by its number, which starts from 1. An added or removed directory is
 * represented by the first file in it, which is more informative. */
static const TerraneDiffChange *
find_change (const Search *self, int layer)
{
  const TerraneDiffChange *directory = NULL;
  for (guint i = 0; i < self->diff->changes->len; i++)
    {
      const TerraneDiffChange *change = self->diff->changes->pdata[i];
      const TerraneNode *some = change->b != NULL ? change->b : change->a;
      if ((change->a == NULL || change->a->layer != layer)
          && (change->b == NULL || change->b->layer != layer))
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
  oci_json_set (cause, "tree", oci_json_text (named->layer_names[index + 1]));
  gboolean same_tar = a != NULL && b != NULL
                      && oci_image_config_diff_id (self->a->image->config, index, &left, NULL)
                      && oci_image_config_diff_id (self->b->image->config, index, &right, NULL)
                      && oci_digest_equal (&left, &right);
  const TerraneDiffChange *change = same_tar ? NULL : find_change (self, (int) index + 1);
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
      return explain_layer (self, i, cause, error);
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
static void
add_spelling (const TerraneDiffSide *a, const TerraneDiffSide *b, json_t *causes)
{
  json_t *cause = json_object ();
  const OciDescriptor *left = a->image->manifest->config, *right = b->image->manifest->config;
  gboolean same_config = oci_digest_equal (&left->digest, &right->digest);
  oci_json_set (cause, "kind", oci_json_text (same_config ? "manifest" : "config"));
  oci_json_set (cause, "key", oci_json_text (""));
  oci_json_append (causes, cause);
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
  if (json_array_size (causes) == 0)
    add_spelling (a, b, causes);
  return g_steal_pointer (&causes);
}
