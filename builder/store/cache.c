#include "builder/store/cache.h"

#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  FORMAT = 1, /* of the first line */
  MAX_ENTRY_BYTES = 4 * 1024 * 1024,
};

static const char *const names[] = {
  [TERRANE_CACHE_NAMES] = "names",       [TERRANE_CACHE_DIGESTS] = "digests",
  [TERRANE_CACHE_TREES] = "trees",       [TERRANE_CACHE_TRANSFORMED] = "transformed",
  [TERRANE_CACHE_LAYERS] = "layers",     [TERRANE_CACHE_IMAGES] = "images",
  [TERRANE_CACHE_ARCHIVES] = "archives", [TERRANE_CACHE_LOCATIONS] = "locations",
  [TERRANE_CACHE_PYTHONS] = "pythons",   [TERRANE_CACHE_PULLED] = "pulled",
  [TERRANE_CACHE_RESULTS] = "results",   [TERRANE_CACHE_GEO] = "geo",
  [TERRANE_CACHE_PROGRAMS] = "programs", [TERRANE_CACHE_UNPACKED] = "unpacked",
  [TERRANE_CACHE_BUILDS] = "builds",     [TERRANE_CACHE_COMPILED] = "compiled",
};
G_STATIC_ASSERT (G_N_ELEMENTS (names) == TERRANE_CACHE_KINDS);

const char *
terrane_cache_kind_name (TerraneCacheKind kind)
{
  return names[kind];
}

/* Returns: (transfer full): the first line of an entry: its kind, and the digest of the JSON
 * document after it */
static char *
entry_header (TerraneCacheKind kind, const OciDigest *key, const void *json, size_t size)
{
  OciDigestHex key_hex, json_hex;
  OciDigest digest = oci_digest_of (json, size);
  return g_strdup_printf ("terrane-cache %d %s %s %s\n", FORMAT, names[kind],
                          oci_digest_hex (key, key_hex), oci_digest_hex (&digest, json_hex));
}

/* Fails with %OCI_ERROR_CORRUPT or the like if the entry is not the one written under its name;
 * with %OCI_ERROR_IO if that is unknown. */
static json_t *
read_entry (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key, GError **error)
{
  OciDigestHex hex;
  g_autoptr (GBytes) data = NULL;
  g_autofree char *path = g_strdup_printf ("cache/%s/%s", names[kind], oci_digest_hex (key, hex));
  if (!oci_read_file (terrane_store_dfd (store), path, MAX_ENTRY_BYTES, &data, error))
    return NULL;
  size_t size = 0;
  const char *text = g_bytes_get_data (data, &size);
  const char *end = size > 0 ? memchr (text, '\n', size) : NULL;
  size_t header_size = end != NULL ? (size_t) (end + 1 - text) : 0;
  json_t *value = NULL;
  if (header_size > 0)
    {
      g_autofree char *header = entry_header (kind, key, text + header_size, size - header_size);
      if (strlen (header) == header_size && memcmp (header, text, header_size) == 0)
        value = json_loadb (text + header_size, size - header_size, JSON_REJECT_DUPLICATES, NULL);
    }
  if (value == NULL)
    oci_throw (error, OCI_ERROR_CORRUPT, "%s is not what was written there", path);
  return value;
}

json_t *
terrane_cache_get (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key)
{
  return read_entry (store, kind, key, NULL); /* an unreadable entry is made again */
}

/* Removes something that is not a file from the place of an entry: only damage puts it there. */
static gboolean
clear_place (int dfd, const char *name, GError **error)
{
  struct stat st;
  return fstatat (dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR (st.st_mode)
         || oci_remove_tree (dfd, name, error);
}

gboolean
terrane_cache_put (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key,
                   const json_t *value, GError **error)
{
  OciDigestHex hex;
  g_auto (OciFd) dfd = -1;
  g_autofree char *directory = g_strdup_printf ("cache/%s", names[kind]);
  g_autoptr (GBytes) json = oci_json_dump (value);
  size_t size = g_bytes_get_size (json);
  g_autofree char *header = entry_header (kind, key, g_bytes_get_data (json, NULL), size);
  g_autoptr (GString) data = g_string_new (header);
  g_string_append_len (data, g_bytes_get_data (json, NULL), (gssize) size);
  OCI_PREFIX (error, "the cache of %s", terrane_store_path (store));
  return oci_make_dirs (terrane_store_dfd (store), directory, 0755, error)
         && oci_open_dir (terrane_store_dfd (store), directory, &dfd, error)
         && clear_place (dfd, oci_digest_hex (key, hex), error)
         && oci_replace_file (dfd, oci_digest_hex (key, hex), 0644, data->str, data->len, error);
}

/* A damaged or foreign entry, or one of another version, is removed; one that cannot be read at the
 * moment stays. */
static gboolean
keep_entry (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key, TerraneCacheFunc keep,
            gpointer data)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (OciJsonValue) value = read_entry (store, kind, key, &local);
  if (value != NULL)
    return keep (kind, key, value, data);
  if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_IO))
    return FALSE;
  g_message ("the cache of %s: %s", terrane_store_path (store), local->message);
  return TRUE;
}

gboolean
terrane_cache_sweep (TerraneStore *store, TerraneCacheKind kind, TerraneCacheFunc keep,
                     gpointer data, guint *out_removed, GError **error)
{
  g_autofree char *directory = g_strdup_printf ("cache/%s", names[kind]);
  g_autoptr (GError) local = NULL;
  g_autoptr (GPtrArray) entries = NULL;
  if (!oci_list_names (terrane_store_dfd (store), directory, FALSE, &entries, &local))
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  for (guint i = 0; i < entries->len; i++)
    {
      OciDigest key;
      const char *name = entries->pdata[i];
      g_autofree char *path = g_strconcat (directory, "/", name, NULL);
      if (oci_digest_parse_hex (name, &key, NULL) && keep_entry (store, kind, &key, keep, data))
        continue;
      if (!oci_remove_tree (terrane_store_dfd (store), path, error))
        return FALSE;
      (*out_removed)++;
    }
  return TRUE;
}

json_t *
terrane_cache_find (TerraneStore *store, TerraneCacheKind kind, const char *member,
                    const char *text)
{
  g_autofree char *directory = g_strdup_printf ("cache/%s", names[kind]);
  g_autoptr (GPtrArray) entries = NULL;
  if (!oci_list_names (terrane_store_dfd (store), directory, FALSE, &entries, NULL))
    return NULL; /* an unreadable cache has no entries */
  for (guint i = 0; i < entries->len; i++)
    {
      OciDigest key;
      g_autoptr (OciJsonValue) value = oci_digest_parse_hex (entries->pdata[i], &key, NULL)
                                           ? terrane_cache_get (store, kind, &key)
                                           : NULL;
      if (g_strcmp0 (terrane_cache_text (value, member), text) == 0)
        return g_steal_pointer (&value);
    }
  return NULL;
}

const char *
terrane_cache_text (const json_t *value, const char *member)
{
  return json_string_value (json_object_get (value, member));
}

void
terrane_cache_forget (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key)
{
  OciDigestHex hex;
  g_autofree char *path = g_strdup_printf ("cache/%s/%s", names[kind], oci_digest_hex (key, hex));
  (void) unlinkat (terrane_store_dfd (store), path, 0); /* gc removes the rest */
}
