#include "builder/store/elsewhere.h"

#include "builder/store/store-private.h"

#include <stdlib.h>
#include <string.h>

void
terrane_store_set_elsewhere (TerraneStore *self, const TerraneElsewhere *elsewhere)
{
  self->elsewhere = elsewhere;
  g_atomic_int_set (&self->notes_used, FALSE);
  g_atomic_int_set (&self->notes_doubted, FALSE);
}

gboolean
terrane_elsewhere_doubt (TerraneStore *store)
{
  g_atomic_int_set (&store->notes_doubted, TRUE);
  return g_atomic_int_get (&store->notes_used);
}

gboolean
terrane_elsewhere_bring (TerraneStore *store, const OciDigest *object, gboolean *out_brought,
                         GError **error)
{
  const TerraneElsewhere *elsewhere = store->elsewhere;
  *out_brought = FALSE;
  if (elsewhere == NULL)
    return TRUE;
  g_mutex_lock (&store->elsewhere_mutex);
  gboolean ok = elsewhere->bring (elsewhere->data, object, out_brought, error);
  g_mutex_unlock (&store->elsewhere_mutex);
  return ok;
}

/* The notes do not change while they are in the store. */
static const json_t *
notes_of (TerraneStore *store, const OciDigest *object)
{
  const TerraneElsewhere *elsewhere = store->elsewhere;
  if (elsewhere == NULL || g_atomic_int_get (&store->notes_doubted))
    return NULL;
  const json_t *notes = elsewhere->notes (elsewhere->data, object);
  if (notes != NULL)
    g_atomic_int_set (&store->notes_used, TRUE);
  return notes;
}

gboolean
terrane_elsewhere_facts (TerraneStore *store, const char *cache, const char *version,
                         const OciDigest *object, json_t **out_facts)
{
  OciDigestHex hex;
  const json_t *kind = json_object_get (json_object_get (notes_of (store, object), "facts"), cache);
  const char *known = json_string_value (json_object_get (kind, "version"));
  json_t *facts = json_object_get (json_object_get (kind, "objects"), oci_digest_hex (object, hex));
  if (g_strcmp0 (known, version) != 0 || facts == NULL)
    return FALSE;
  *out_facts = json_is_null (facts) ? NULL : json_incref (facts);
  return TRUE;
}

gboolean
terrane_elsewhere_start (TerraneStore *store, const OciDigest *object, void *buffer, size_t len,
                         size_t *out_size)
{
  OciDigestHex hex;
  const json_t *notes = notes_of (store, object);
  const char *text = json_string_value (
      json_object_get (json_object_get (notes, "starts"), oci_digest_hex (object, hex)));
  size_t size = text != NULL ? strlen (text) / 2 : 0;
  if (text == NULL || size > len)
    return FALSE;
  for (size_t i = 0; i < size; i++)
    {
      int high = g_ascii_xdigit_value (text[2 * i]), low = g_ascii_xdigit_value (text[2 * i + 1]);
      if (high < 0 || low < 0)
        return FALSE;
      ((guint8 *) buffer)[i] = (guint8) (high * 16 + low);
    }
  *out_size = size;
  return TRUE;
}

/* Notes */

static json_t *
member (json_t *object, const char *name)
{
  json_t *value = json_object_get (object, name);
  if (value != NULL)
    return value;
  value = json_object ();
  oci_json_set (object, name, value);
  return value;
}

json_t *
terrane_reads_begin (TerraneStore *store)
{
  store->reads = json_object ();
  return json_incref (store->reads);
}

void
terrane_reads_end (TerraneStore *store)
{
  g_clear_pointer (&store->reads, json_decref);
}

void
terrane_reads_note_file (TerraneStore *store, const OciDigest *object)
{
  OciDigestHex hex;
  if (store->reads == NULL)
    return;
  g_mutex_lock (&store->elsewhere_mutex);
  oci_json_set (member (store->reads, "files"), oci_digest_hex (object, hex), json_true ());
  g_mutex_unlock (&store->elsewhere_mutex);
}

void
terrane_reads_note_start (TerraneStore *store, const OciDigest *object, const void *bytes,
                          size_t len)
{
  OciDigestHex hex;
  if (store->reads == NULL)
    return;
  g_autoptr (GString) text = g_string_sized_new (2 * len);
  for (size_t i = 0; i < len; i++)
    g_string_append_printf (text, "%02x", ((const guint8 *) bytes)[i]);
  g_mutex_lock (&store->elsewhere_mutex);
  oci_json_set (member (store->reads, "starts"), oci_digest_hex (object, hex),
                oci_json_text (text->str));
  g_mutex_unlock (&store->elsewhere_mutex);
}

void
terrane_reads_note_facts (TerraneStore *store, const char *cache, const char *version,
                          const OciDigest *object, const json_t *facts)
{
  OciDigestHex hex;
  if (store->reads == NULL)
    return;
  g_mutex_lock (&store->elsewhere_mutex);
  json_t *kind = member (member (store->reads, "facts"), cache);
  oci_json_set (kind, "version", oci_json_text (version));
  oci_json_set (member (kind, "objects"), oci_digest_hex (object, hex),
                facts != NULL ? json_deep_copy (facts) : json_null ());
  g_mutex_unlock (&store->elsewhere_mutex);
}

static int
compare_digests (const void *a, const void *b)
{
  return memcmp (((const OciDigest *) a)->bytes, ((const OciDigest *) b)->bytes, OCI_DIGEST_BYTES);
}

/* @by_object: (nullable) */
static json_t *
select_objects (const json_t *by_object, const GArray *objects)
{
  const char *hex;
  json_t *value;
  json_t *selected = json_object ();
  json_object_foreach ((json_t *) by_object, hex, value)
  {
    OciDigest digest;
    if (oci_digest_parse_hex (hex, &digest, NULL)
        && bsearch (&digest, objects->data, objects->len, sizeof digest, compare_digests) != NULL)
      oci_json_set (selected, hex, json_incref (value));
  }
  return selected;
}

json_t *
terrane_reads_select (const json_t *reads, const GArray *objects)
{
  const char *cache;
  json_t *kind;
  json_t *selected = json_object (), *facts = json_object ();
  json_object_foreach (json_object_get (reads, "facts"), cache, kind)
  {
    json_t *own = json_object ();
    oci_json_set (own, "version", json_incref (json_object_get (kind, "version")));
    oci_json_set (own, "objects", select_objects (json_object_get (kind, "objects"), objects));
    oci_json_set (facts, cache, own);
  }
  oci_json_set (selected, "facts", facts);
  oci_json_set (selected, "starts", select_objects (json_object_get (reads, "starts"), objects));
  oci_json_set (selected, "files", select_objects (json_object_get (reads, "files"), objects));
  return selected;
}
