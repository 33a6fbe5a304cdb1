#include "builder/remote/shared-document.h"

#include "builder/version.h"

#include <string.h>

enum
{
  FORMAT = 1,
};

static const char *const kind_names[] = {
  [TERRANE_SHARED_COMPILED] = "compiled",
  [TERRANE_SHARED_TREE] = "tree",
  [TERRANE_SHARED_CHECKED] = "checked",
  [TERRANE_SHARED_VALIDATED] = "validated",
};

const char *
terrane_shared_kind_name (TerraneSharedKind kind)
{
  return kind_names[kind];
}

void
terrane_shared_entry_free (TerraneSharedEntry *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  json_decref (self->content);
  g_ptr_array_unref (self->layers);
  g_free (self->diff_ids);
  g_free (self);
}

static json_t *
describe_layers (const GPtrArray *layers, const OciDigest *diff_ids)
{
  OciDigestText text;
  json_t *array = json_array ();
  for (guint i = 0; i < layers->len; i++)
    {
      const OciDescriptor *layer = layers->pdata[i];
      json_t *object = json_object ();
      oci_json_set (object, "digest", oci_json_text (oci_digest_text (&layer->digest, text)));
      oci_json_set (object, "size", json_integer ((json_int_t) layer->size));
      oci_json_set (object, "diffId", oci_json_text (oci_digest_text (&diff_ids[i], text)));
      oci_json_append (array, object);
    }
  return array;
}

/* Members that both sides know: if their text differs, it is not the requested result. */
static const char *
expected_text (const char *member, TerraneSharedKind kind, const char *hex, const char *platform)
{
  return strcmp (member, "kind") == 0        ? kind_names[kind]
         : strcmp (member, "key") == 0       ? hex
         : strcmp (member, "assembler") == 0 ? TERRANE_ASSEMBLER_VERSION
                                             : platform;
}

static const char *const known_members[] = { "kind", "key", "assembler", "platform" };

GBytes *
terrane_shared_document_write (const TerraneSharedResult *result, const char *platform)
{
  OciDigestHex hex;
  oci_digest_hex (&result->key, hex);
  g_autoptr (OciJsonValue) root = json_object ();
  oci_json_set (root, "terraneCache", json_integer (FORMAT));
  for (size_t i = 0; i < G_N_ELEMENTS (known_members); i++)
    oci_json_set (root, known_members[i],
                  oci_json_text (expected_text (known_members[i], result->kind, hex, platform)));
  oci_json_set (root, "layers", describe_layers (result->layers, result->diff_ids));
  oci_json_set (root, "content", json_incref (result->content));
  return oci_json_dump (root);
}

static void
check_known (const OciJson *root, TerraneSharedKind kind, const char *hex, const char *platform)
{
  for (size_t i = 0; i < G_N_ELEMENTS (known_members); i++)
    {
      OciJson member;
      const char *text = NULL;
      const char *expected = expected_text (known_members[i], kind, hex, platform);
      if (!oci_json_require (root, known_members[i], &member) || !oci_json_string (&member, &text)
          || strcmp (text, expected) == 0)
        continue;
      g_autofree char *quoted = oci_quote (text);
      oci_json_problem (&member, "is %s, and this build is for ‘%s’", quoted, expected);
    }
}

/* @manifest: has the same layers; their media types and digests are taken from it. */
static void
read_layers (const OciJson *root, const OciManifest *manifest, TerraneSharedEntry *entry)
{
  OciJson array;
  size_t length = 0;
  if (!oci_json_require (root, "layers", &array)
      || !oci_json_array (&array, OCI_MANIFEST_MAX_LAYERS, &length))
    return;
  if (length != manifest->layers->len)
    {
      oci_json_problem (&array, "are %zu, and the manifest has %u", length, manifest->layers->len);
      return;
    }
  entry->diff_ids = g_new0 (OciDigest, length + 1);
  for (size_t i = 0; i < length; i++)
    {
      const OciDescriptor *layer = manifest->layers->pdata[i];
      OciJson element, digest, size, diff_id;
      OciDigestText own;
      const char *text = NULL, *diff_text = NULL;
      int64_t bytes = 0;
      oci_json_element (&array, i, &element);
      if (!oci_json_object (&element, NULL) || !oci_json_require (&element, "digest", &digest)
          || !oci_json_string (&digest, &text) || !oci_json_require (&element, "size", &size)
          || !oci_json_int (&size, 0, G_MAXINT64, &bytes)
          || !oci_json_require (&element, "diffId", &diff_id)
          || !oci_json_string (&diff_id, &diff_text))
        continue;
      if (strcmp (text, oci_digest_text (&layer->digest, own)) != 0
          || (uint64_t) bytes != layer->size)
        oci_json_problem (&element, "is not the layer of the manifest");
      else if (!oci_digest_parse (diff_text, &entry->diff_ids[i], NULL))
        oci_json_problem (&diff_id, "is not a digest");
      else
        g_ptr_array_add (entry->layers, oci_descriptor_copy (layer));
    }
}

gboolean
terrane_shared_document_read (GBytes *raw, const OciManifest *manifest, TerraneSharedKind kind,
                              const OciDigest *key, const char *platform, TerraneSharedEntry *entry,
                              GError **error)
{
  OciJson root, member;
  OciDigestHex hex;
  int64_t format = 0;
  oci_digest_hex (key, hex);
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("its configuration", raw, OCI_ERROR_CORRUPT, &root, error);
  if (document == NULL)
    return FALSE;
  if (oci_json_object (&root, NULL) && oci_json_require (&root, "terraneCache", &member)
      && oci_json_int (&member, FORMAT, FORMAT, &format))
    {
      check_known (&root, kind, hex, platform);
      read_layers (&root, manifest, entry);
      if (oci_json_require (&root, "content", &member) && oci_json_object (&member, NULL))
        entry->content = json_deep_copy (member.value);
    }
  return oci_json_document_finish (document, error);
}

static gboolean
is_same_text (const json_t *one, const json_t *other, const char *member)
{
  return g_strcmp0 (json_string_value (json_object_get (one, member)),
                    json_string_value (json_object_get (other, member)))
         == 0;
}

static gboolean
has_layer (const TerraneSharedResult *result, const OciDescriptor *layer, const OciDigest *diff_id)
{
  for (guint i = 0; i < result->layers->len; i++)
    {
      const OciDescriptor *own = result->layers->pdata[i];
      if (oci_digest_equal (&own->digest, &layer->digest) && own->size == layer->size)
        return oci_digest_equal (&result->diff_ids[i], diff_id);
    }
  return FALSE;
}

/* The layers of a tree also depend on the layers below, so they are compared by their keys. The
 * first one, which also has a machine's notes, is not a layer of an image. */
static gboolean
is_same_layers (const TerraneSharedResult *result, const TerraneSharedEntry *entry)
{
  const json_t *own = json_object_get (result->content, "layerKeys");
  const json_t *keys = json_object_get (entry->content, "layerKeys");
  for (guint i = 0; i + 1 < entry->layers->len && i < json_array_size (keys); i++)
    for (size_t j = 0; j < json_array_size (own); j++)
      if (json_equal (json_array_get (own, j), json_array_get (keys, i))
          && !has_layer (result, entry->layers->pdata[i + 1], &entry->diff_ids[i + 1]))
        return FALSE;
  return TRUE;
}

/* About the file system that a recipe was compiled in; older results have none. */
static gboolean
is_same_facts (const json_t *one, const json_t *other)
{
  const json_t *own = json_object_get (one, "in"), *claimed = json_object_get (other, "in");
  return own == NULL || claimed == NULL || json_equal (own, claimed);
}

/* Results of validations contain times, which differ. */
gboolean
terrane_shared_result_is (const TerraneSharedResult *result, const TerraneSharedEntry *entry)
{
  return is_same_text (result->content, entry->content, "commit")
         && is_same_facts (result->content, entry->content)
         && (result->kind != TERRANE_SHARED_CHECKED
             || is_same_text (result->content, entry->content, "results"))
         && is_same_layers (result, entry);
}
