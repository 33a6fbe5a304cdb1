#include "builder/store/names.h"

#include "builder/store/cache.h"

#include <errno.h>
#include <string.h>

static OciDigest
name_key (const char *name)
{
  return oci_digest_of (name, strlen (name));
}

static json_t *
name_entry (const char *name, const OciDescriptor *manifest)
{
  json_t *entry = json_object ();
  oci_json_set (entry, "name", oci_json_text (name));
  oci_json_set (entry, "manifest", oci_descriptor_to_json (manifest));
  return entry;
}

gboolean
terrane_name_set (TerraneStore *store, const char *name, const OciDescriptor *manifest,
                  GError **error)
{
  OciDigest key = name_key (name);
  g_autoptr (OciJsonValue) known = terrane_cache_get (store, TERRANE_CACHE_NAMES, &key);
  g_autoptr (OciJsonValue) entry = name_entry (name, manifest);
  if (json_equal (known, entry) == 0
      && !terrane_cache_put (store, TERRANE_CACHE_NAMES, &key, entry, error))
    return FALSE;
  return oci_layout_tag (terrane_store_layout (store), name, manifest, error);
}

static gboolean
is_full (const GError *error)
{
  return g_error_matches (error, OCI_ERROR, OCI_ERROR_IO)
         && (g_str_has_suffix (error->message, g_strerror (ENOSPC))
             || g_str_has_suffix (error->message, g_strerror (EDQUOT)));
}

static gboolean
keep_nothing (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
              G_GNUC_UNUSED const json_t *value, G_GNUC_UNUSED gpointer data)
{
  return FALSE;
}

/* A full file system has no room for an index with one name less, and gc only removes objects
 * without names. Cache entries are removed to make room, first those that are made again most
 * quickly. */
static gboolean
untag (TerraneStore *store, const char *name, GError **error)
{
  static const TerraneCacheKind kinds[] = {
    TERRANE_CACHE_BUILDS,   TERRANE_CACHE_DIGESTS, TERRANE_CACHE_PROGRAMS,
    TERRANE_CACHE_GEO,      TERRANE_CACHE_PYTHONS, TERRANE_CACHE_LOCATIONS,
    TERRANE_CACHE_ARCHIVES, TERRANE_CACHE_LAYERS,  TERRANE_CACHE_IMAGES,
  };
  g_autoptr (GError) local = NULL;
  gboolean ok = oci_layout_untag (terrane_store_layout (store), name, &local);
  for (size_t i = 0; !ok && is_full (local) && i < G_N_ELEMENTS (kinds); i++)
    {
      guint removed = 0;
      (void) terrane_cache_sweep (store, kinds[i], keep_nothing, NULL, &removed, NULL);
      if (removed == 0) /* or it failed: the first failure is reported */
        continue;
      g_clear_error (&local);
      ok = oci_layout_untag (terrane_store_layout (store), name, &local);
    }
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&local));
  return ok;
}

gboolean
terrane_name_remove (TerraneStore *store, const char *name, GError **error)
{
  OciDigest key = name_key (name);
  if (!untag (store, name, error))
    return FALSE;
  terrane_cache_forget (store, TERRANE_CACHE_NAMES, &key);
  terrane_cache_forget (store, TERRANE_CACHE_BUILDS, &key);
  return TRUE;
}

typedef struct
{
  OciLayout *layout;
  GString *restored;
  GString *lost;
  GError *error;
} Restore;

static void
add_name (GString *list, const char *name)
{
  g_autofree char *quoted = oci_quote (name);
  g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", quoted);
}

static gboolean
has_name (OciLayout *layout, const char *name)
{
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, NULL);
  for (guint i = 0; index != NULL && i < index->manifests->len; i++)
    if (g_strcmp0 (oci_descriptor_annotation (index->manifests->pdata[i], OCI_ANNOTATION_REF_NAME),
                   name)
        == 0)
      return TRUE;
  return FALSE;
}

/* Returns the descriptor of an entry, if its manifest exists and is undamaged; one that cannot be
 * read at the moment may be. */
static OciDescriptor *
find_manifest (OciLayout *layout, const json_t *value)
{
  const json_t *document = json_object_get (value, "manifest");
  const char *type = json_string_value (json_object_get (document, "mediaType"));
  const char *text = json_string_value (json_object_get (document, "digest"));
  json_int_t size = json_integer_value (json_object_get (document, "size"));
  OciDigest digest;
  if (type == NULL || text == NULL || size <= 0 || !oci_digest_parse (text, &digest, NULL))
    return NULL;
  g_autoptr (OciDescriptor) manifest = oci_descriptor_new (type, &digest, (uint64_t) size);
  g_autoptr (GError) local = NULL;
  return oci_layout_verify_blob (layout, manifest, &local)
                 || g_error_matches (local, OCI_ERROR, OCI_ERROR_IO)
             ? g_steal_pointer (&manifest)
             : NULL;
}

static gboolean
restore_name (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
              const json_t *value, gpointer data)
{
  Restore *self = data;
  const char *name = terrane_cache_text (value, "name");
  if (name == NULL || self->error != NULL || has_name (self->layout, name))
    return TRUE;
  g_autoptr (OciDescriptor) manifest = find_manifest (self->layout, value);
  if (manifest == NULL)
    add_name (self->lost, name);
  else if (oci_layout_tag (self->layout, name, manifest, &self->error))
    add_name (self->restored, name);
  return manifest != NULL;
}

gboolean
terrane_names_repair (TerraneStore *store, TerraneNamesFunc report, gpointer data,
                      guint *out_problems, GError **error)
{
  guint dropped = 0, removed = 0;
  g_autoptr (GError) damage = NULL;
  g_autoptr (GString) restored = g_string_new (NULL), lost = g_string_new (NULL);
  Restore restore = { .layout = terrane_store_layout (store), .restored = restored, .lost = lost };
  g_autoptr (OciIndex) index = oci_layout_read_index (restore.layout, &damage);
  if (index != NULL)
    return TRUE;
  if (!oci_layout_index_is_damaged (damage))
    {
      g_propagate_error (error, g_steal_pointer (&damage));
      return FALSE;
    }
  if (!oci_layout_salvage_index (restore.layout, &dropped, error)
      || !terrane_cache_sweep (store, TERRANE_CACHE_NAMES, restore_name, &restore, &removed, error))
    return FALSE;
  if (restore.error != NULL)
    {
      g_propagate_error (error, restore.error);
      return FALSE;
    }
  g_autofree char *problem = g_strdup_printf (
      "the index of images was damaged and is now images/index.json.damaged: %s; names that are "
      "there again: %s; lost: %s%s",
      damage->message, restored->len > 0 ? restored->str : "(none)",
      lost->len > 0 ? lost->str : "names that this store did not set",
      dropped > 0 ? ", and entries that cannot be understood" : "");
  ++*out_problems;
  report (data, problem);
  return TRUE;
}
