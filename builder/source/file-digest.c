#include "builder/source/file-digest.h"

#include "builder/store/cache.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

enum
{
  RACY_SECONDS = 2,
  COPY_BYTES = 1024 * 1024,
};

OciDigest
terrane_stat_identity (const struct stat *st)
{
  g_autofree char *text = g_strdup_printf (
      "%ju %ju %jo %jd %jd.%09ld %jd.%09ld", (uintmax_t) st->st_dev, (uintmax_t) st->st_ino,
      (uintmax_t) st->st_mode, (intmax_t) st->st_size, (intmax_t) st->st_mtim.tv_sec,
      st->st_mtim.tv_nsec, (intmax_t) st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
  return oci_digest_of (text, strlen (text));
}

gboolean
terrane_stat_is_racy (const struct stat *st)
{
  struct timespec now;
  if (clock_gettime (CLOCK_REALTIME, &now) < 0)
    return TRUE;
  return st->st_mtim.tv_sec > now.tv_sec - RACY_SECONDS
         || st->st_ctim.tv_sec > now.tv_sec - RACY_SECONDS;
}

void
terrane_identity_salt (OciDigester *digester)
{
  gint64 now = g_get_real_time ();
  guint32 salt = g_random_int ();
  oci_digester_update (digester, &now, sizeof now);
  oci_digester_update (digester, &salt, sizeof salt);
}

gboolean
terrane_file_identity (const char *path, OciDigest *out_identity, GError **error)
{
  g_auto (OciFd) fd = -1;
  struct stat st;
  if (!oci_open_file (AT_FDCWD, path, TRUE, &fd, &st, error))
    return FALSE;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  OciDigest identity = terrane_stat_identity (&st);
  oci_digester_update (digester, identity.bytes, sizeof identity.bytes);
  if (terrane_stat_is_racy (&st))
    terrane_identity_salt (digester);
  *out_identity = oci_digester_finish (digester);
  return TRUE;
}

/* Returns: whether it is remembered */
static gboolean
find_digest (TerraneStore *store, const struct stat *st, OciDigest *out_digest)
{
  OciDigest key = terrane_stat_identity (st);
  g_autoptr (OciJsonValue) cached = terrane_cache_get (store, TERRANE_CACHE_DIGESTS, &key);
  const char *hex = terrane_cache_text (cached, "sha256");
  return hex != NULL && oci_digest_parse_hex (hex, out_digest, NULL);
}

gboolean
terrane_file_digest_remember (TerraneStore *store, const char *path, const struct stat *st,
                              const OciDigest *digest, GError **error)
{
  OciDigestHex text;
  OciDigest key = terrane_stat_identity (st);
  if (terrane_stat_is_racy (st))
    return TRUE;
  g_autoptr (OciJsonValue) value = json_object ();
  oci_json_set (value, "sha256", oci_json_text (oci_digest_hex (digest, text)));
  /* For gc, which keeps the entry as long as the file exists and is unchanged. */
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  if (g_utf8_validate (absolute, -1, NULL))
    {
      oci_json_set (value, "path", oci_json_text (absolute));
      oci_json_set (value, "inode", json_integer ((json_int_t) st->st_ino));
      oci_json_set (value, "size", json_integer ((json_int_t) st->st_size));
      oci_json_set (value, "mtime", json_integer ((json_int_t) st->st_mtim.tv_sec));
    }
  return terrane_cache_put (store, TERRANE_CACHE_DIGESTS, &key, value, error);
}

gboolean
terrane_file_digest_is_known (TerraneStore *store, const struct stat *st)
{
  OciDigest digest;
  return find_digest (store, st, &digest);
}

gboolean
terrane_file_digest (TerraneStore *store, const char *path, OciDigest *out_digest, GError **error)
{
  g_auto (OciFd) fd = -1;
  struct stat st;
  if (!oci_open_file (AT_FDCWD, path, TRUE, &fd, &st, error))
    return FALSE;
  if (find_digest (store, &st, out_digest))
    return TRUE;
  if (oci_digest_of_fd (fd, out_digest, NULL, error))
    return terrane_file_digest_remember (store, path, &st, out_digest, error);
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

gboolean
terrane_file_check_digest (const OciDigest *sha256, const OciDigest *actual, const char *what,
                           const char *says, GError **error)
{
  OciDigestHex want, got;
  return oci_digest_equal (sha256, actual)
         || oci_throw (error, OCI_ERROR_CORRUPT, "%s has the sha256 %s, %s says %s", what,
                       oci_digest_hex (actual, got), says, oci_digest_hex (sha256, want));
}

gboolean
terrane_file_copy_verified (TerraneStore *store, int fd, const OciDigest *sha256, const char *what,
                            const char *says, OciTempFile *out_copy, GError **error)
{
  g_autofree char *buffer = g_malloc (COPY_BYTES);
  g_autoptr (OciDigester) digester = oci_digester_new ();
  if (!oci_temp_file_open (out_copy, terrane_store_dfd (store), error))
    return FALSE;
  for (size_t got = COPY_BYTES; got == COPY_BYTES;)
    {
      if (!oci_read_full (fd, buffer, COPY_BYTES, &got, error)
          || !oci_write_all (out_copy->fd, buffer, got, error))
        return FALSE;
      oci_digester_update (digester, buffer, got);
    }
  OciDigest actual = oci_digester_finish (digester);
  if (!terrane_file_check_digest (sha256, &actual, what, says, error))
    return FALSE;
  return lseek (out_copy->fd, 0, SEEK_SET) == 0 || oci_throw_errno (error, "%s", what);
}
