#include "builder/store/cache.h"

#include "oci/base/temp-file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum
{
  MAX_ENTRY_BYTES = 4 * 1024 * 1024,
};

static const char *const names[] = {
  [TERRANE_CACHE_NAMES] = "names",       [TERRANE_CACHE_DIGESTS] = "digests",
  [TERRANE_CACHE_TREES] = "trees",       [TERRANE_CACHE_TRANSFORMED] = "transformed",
  [TERRANE_CACHE_LAYERS] = "layers",     [TERRANE_CACHE_IMAGES] = "images",
  [TERRANE_CACHE_IMPORTS] = "imports",   [TERRANE_CACHE_LOCATIONS] = "locations",
  [TERRANE_CACHE_PYTHONS] = "pythons",   [TERRANE_CACHE_PULLED] = "pulled",
  [TERRANE_CACHE_RESULTS] = "results",   [TERRANE_CACHE_GEO] = "geo",
  [TERRANE_CACHE_PROGRAMS] = "programs", [TERRANE_CACHE_UNPACKED] = "unpacked",
};
G_STATIC_ASSERT (G_N_ELEMENTS (names) == TERRANE_CACHE_KINDS);

const char *
terrane_cache_kind_name (TerraneCacheKind kind)
{
  return names[kind];
}

json_t *
terrane_cache_get (TerraneStore *store, TerraneCacheKind kind, const OciDigest *key)
{
  OciDigestHex hex;
  g_autoptr (GBytes) data = NULL;
  g_autofree char *path = g_strdup_printf ("cache/%s/%s", names[kind], oci_digest_hex (key, hex));
  if (!oci_read_file (terrane_store_dfd (store), path, MAX_ENTRY_BYTES, &data, NULL))
    return NULL;
  size_t size = 0;
  const char *text = g_bytes_get_data (data, &size);
  return json_loadb (text, size, JSON_REJECT_DUPLICATES, NULL);
}

/* Something that is not a file has the name of an entry: only damage makes that. */
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
  g_autoptr (GBytes) data = oci_json_dump (value);
  OCI_PREFIX (error, "the cache of %s", terrane_store_path (store));
  return oci_make_dirs (terrane_store_dfd (store), directory, 0755, error)
         && oci_open_dir (terrane_store_dfd (store), directory, &dfd, error)
         && clear_place (dfd, oci_digest_hex (key, hex), error)
         && oci_replace_file (dfd, oci_digest_hex (key, hex), 0644, g_bytes_get_data (data, NULL),
                              g_bytes_get_size (data), error);
}

gboolean
terrane_cache_sweep (TerraneStore *store, TerraneCacheKind kind, TerraneCacheFunc keep,
                     gpointer data, guint *out_removed, GError **error)
{
  g_autofree char *directory = g_strdup_printf ("cache/%s", names[kind]);
  int fd = openat (terrane_store_dfd (store), directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT)
    return TRUE;
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  if (dir == NULL)
    {
      oci_fd_close (fd);
      return oci_throw_errno (error, "listing %s", directory);
    }
  gboolean ok = TRUE;
  for (struct dirent *entry = readdir (dir); ok && entry != NULL; entry = readdir (dir))
    {
      OciDigest key;
      if (entry->d_name[0] == '.'
          && (g_str_equal (entry->d_name, ".") || g_str_equal (entry->d_name, "..")))
        continue;
      if (oci_digest_parse_hex (entry->d_name, &key, NULL))
        {
          g_autoptr (OciJsonValue) value = terrane_cache_get (store, kind, &key);
          if (value != NULL && keep (kind, &key, value, data))
            continue;
        }
      ok = oci_remove_tree (fd, entry->d_name, error);
      *out_removed += ok ? 1 : 0;
    }
  (void) closedir (dir);
  return ok;
}

json_t *
terrane_cache_find (TerraneStore *store, TerraneCacheKind kind, const char *member,
                    const char *text)
{
  g_autofree char *directory = g_strdup_printf ("cache/%s", names[kind]);
  int fd = openat (terrane_store_dfd (store), directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  json_t *found = NULL;
  if (dir == NULL)
    {
      oci_fd_close (fd);
      return NULL;
    }
  for (struct dirent *entry = readdir (dir); entry != NULL && found == NULL; entry = readdir (dir))
    {
      OciDigest key;
      g_autoptr (OciJsonValue) value = oci_digest_parse_hex (entry->d_name, &key, NULL)
                                           ? terrane_cache_get (store, kind, &key)
                                           : NULL;
      if (g_strcmp0 (terrane_cache_text (value, member), text) == 0)
        found = json_incref (value);
    }
  (void) closedir (dir);
  return found;
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
  (void) unlinkat (terrane_store_dfd (store), path, 0); /* gc removes what stays */
}
