#include "builder/python/requirement-location.h"

#include "oci/base/fd.h"
#include "oci/base/text-hash.h"
#include "oci/http/url.h"

#include <string.h>
#include <unistd.h>

/* Any part of a line may, by mistake, be a URL with a password in it: messages quote by
 * oci_url_quote(). */

enum
{
  MAX_HASHES = 2000, /* of one requirement: of the files of one version */
  MAX_FIELDS = 64,   /* of a fragment */
};

static const struct
{
  const char *name;
  size_t digits;
} algorithms[] = { { "sha256", 64 }, { "sha384", 96 }, { "sha512", 128 } };

/* Returns the end of "${NAME}" at @p, or NULL. */
static const char *
variable_end (const char *p)
{
  if (!g_str_has_prefix (p, "${"))
    return NULL;
  const char *end = p + 2;
  while (g_ascii_isupper (*end) || g_ascii_isdigit (*end) || *end == '_')
    end++;
  return end > p + 2 && *end == '}' ? end + 1 : NULL;
}

char *
terrane_requirement_expand (const char *text, const char *directory, GError **error)
{
  g_autoptr (GString) expanded = g_string_new (NULL);
  for (const char *p = text; *p != '\0';)
    {
      const char *end = variable_end (p);
      if (end == NULL)
        {
          g_string_append_c (expanded, *p++);
          continue;
        }
      g_autofree char *name = g_strndup (p + 2, (gsize) (end - p - 3));
      g_autofree char *root =
          g_str_equal (name, "PROJECT_ROOT") ? g_canonicalize_filename (directory, NULL) : NULL;
      const char *value = g_getenv (name) != NULL ? g_getenv (name) : root;
      if (value == NULL)
        {
          g_autofree char *quoted = oci_quote (name);
          oci_throw (error, OCI_ERROR_USAGE, "the environment variable %s is not set", quoted);
          return NULL;
        }
      g_string_append (expanded, value);
      p = end;
    }
  return g_string_free (g_steal_pointer (&expanded), FALSE);
}

static void
add_long_hash (TerraneRequirement *self, const char *hash)
{
  for (guint i = 0; i < self->long_hashes->len; i++)
    if (g_str_equal (self->long_hashes->pdata[i], hash))
      return;
  g_ptr_array_add (self->long_hashes, g_strdup (hash));
}

static gboolean
is_hexadecimal (const char *text, size_t digits)
{
  return strlen (text) == digits && strspn (text, "0123456789abcdef") == digits;
}

/* @lower: @text in lower case */
static gboolean
take_hash (TerraneRequirement *self, const char *lower, const char *text, size_t algorithm,
           GError **error)
{
  OciDigest digest;
  const char *hex = lower + strlen (algorithms[algorithm].name) + 1;
  if (!is_hexadecimal (hex, algorithms[algorithm].digits))
    {
      g_autofree char *quoted = oci_url_quote (text);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: %s is not %s: and %zu hexadecimal digits",
                        self->name, quoted, algorithms[algorithm].name,
                        algorithms[algorithm].digits);
    }
  if (self->hashes->len + self->long_hashes->len >= MAX_HASHES)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has more than %d hashes", self->name, MAX_HASHES);
  if (algorithm > 0)
    add_long_hash (self, lower);
  else if (oci_digest_parse_hex (hex, &digest, error))
    terrane_requirement_add_hash (self, &digest);
  else
    return FALSE;
  return TRUE;
}

gboolean
terrane_requirement_read_hash (TerraneRequirement *self, const char *text, GError **error)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);
  size_t len = strcspn (lower, ":");
  for (size_t i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (lower[len] == ':' && strlen (algorithms[i].name) == len
        && strncmp (lower, algorithms[i].name, len) == 0)
      return take_hash (self, lower, text, i, error);
  if (lower[len] == ':')
    {
      self->weak_hashes = TRUE;
      return TRUE;
    }
  g_autofree char *quoted = oci_url_quote (text);
  return oci_throw (error, OCI_ERROR_USAGE, "%s: --hash is sha256: and 64 digits, not %s",
                    self->name, quoted);
}

/* Reads hashes in a URL's fragment, as "sha256=HEX" among "&"-joined fields (PEP 503). */
static gboolean
read_fragment (TerraneRequirement *self, const char *fragment, GError **error)
{
  g_auto (GStrv) fields = g_strsplit (fragment, "&", MAX_FIELDS);
  for (char **field = fields; *field != NULL; field++)
    for (size_t i = 0; i < G_N_ELEMENTS (algorithms); i++)
      {
        size_t len = strlen (algorithms[i].name);
        if (strncmp (*field, algorithms[i].name, len) != 0 || (*field)[len] != '=')
          continue;
        (*field)[len] = ':';
        if (!terrane_requirement_read_hash (self, *field, error))
          return FALSE;
      }
  return TRUE;
}

static gboolean G_GNUC_PRINTF (2, 3) set_fault (TerraneRequirement *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  if (self->fault == NULL)
    self->fault = g_strdup_vprintf (format, args);
  va_end (args);
  return TRUE;
}

/* Reads what follows "file:": "//HOST/PATH", or a path by itself. */
static gboolean
read_file_url (TerraneRequirement *self, const char *rest, const char *directory)
{
  if (g_str_has_prefix (rest, "//"))
    {
      size_t host = strcspn (rest + 2, "/");
      if (host > 0 && g_ascii_strncasecmp (rest + 2, "localhost", MAX (host, 9)) != 0)
        return set_fault (self, "%s: the file is on another host; write file:///PATH", self->name);
      rest += 2 + host;
    }
  while (g_str_has_prefix (rest, "//")) /* "file:///${PROJECT_ROOT}/…" */
    rest++;
  g_autofree char *path = g_uri_unescape_string (rest, NULL);
  if (path == NULL || path[0] == '\0')
    return set_fault (self, "%s: expected file:///PATH of a wheel", self->name);
  self->path = g_canonicalize_filename (path, directory);
  return TRUE;
}

/* @url: after expansion */
static gboolean
read_place (TerraneRequirement *self, char *url, const char *directory, GError **error)
{
  size_t len = strspn (url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
  g_autofree char *scheme = url[len] == ':' ? g_ascii_strdown (url, (gssize) len) : g_strdup ("");
  char *fragment = strchr (url, '#');
  if (strchr (scheme, '+') != NULL)
    return set_fault (self,
                      "%s comes from version control, which has no hash; build a wheel of it, and "
                      "name that",
                      self->name);
  if (fragment != NULL)
    *fragment++ = '\0';
  if (fragment != NULL && !read_fragment (self, fragment, error))
    return FALSE;
  if (g_str_equal (scheme, "https") || g_str_equal (scheme, "http"))
    self->url = g_strdup (url);
  else if (g_str_equal (scheme, "file"))
    return read_file_url (self, url + len + 1, directory);
  else if (scheme[0] == '\0')
    self->path = g_canonicalize_filename (url, directory);
  else
    return set_fault (self, "%s: expected an https URL, or a path, of a wheel", self->name);
  return TRUE;
}

gboolean
terrane_requirement_locate (TerraneRequirement *self, const char *text, const char *directory,
                            GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *root = g_canonicalize_filename (directory, NULL);
  g_autofree char *expanded = terrane_requirement_expand (text, directory, &local);
  if (local != NULL)
    return set_fault (self, "%s", local->message);
  return read_place (self, expanded, root, error);
}

char *
terrane_requirement_file_name (const TerraneRequirement *self)
{
  if (self->path != NULL)
    return g_path_get_basename (self->path);
  if (self->url == NULL)
    return NULL;
  g_autofree char *path = g_strndup (self->url, strcspn (self->url, "?#"));
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  g_autofree char *decoded = g_uri_unescape_string (name, "/");
  return g_strdup (decoded != NULL ? decoded : name);
}

gboolean
terrane_long_hash_matches (const char *hash, int fd, gboolean *out_matches, GError **error)
{
  gboolean is_384 = g_str_has_prefix (hash, "sha384:");
  g_autoptr (GChecksum) checksum = g_checksum_new (is_384 ? G_CHECKSUM_SHA384 : G_CHECKSUM_SHA512);
  uint8_t buffer[65536];
  size_t got = sizeof buffer;
  if (lseek (fd, 0, SEEK_SET) != 0)
    return oci_throw_errno (error, "cannot seek");
  while (got == sizeof buffer)
    {
      if (!oci_read_full (fd, buffer, sizeof buffer, &got, error))
        return FALSE;
      g_checksum_update (checksum, buffer, (gssize) got);
    }
  *out_matches = g_str_equal (g_checksum_get_string (checksum), strchr (hash, ':') + 1);
  return TRUE;
}

gboolean
terrane_requirement_accept (TerraneRequirement *self, int fd, const OciDigest *sha256,
                            GError **error)
{
  OciDigestHex hex;
  for (guint i = 0; i < self->long_hashes->len; i++)
    {
      gboolean matches = FALSE;
      if (!terrane_long_hash_matches (self->long_hashes->pdata[i], fd, &matches, error))
        return FALSE;
      if (!matches || terrane_requirement_has_hash (self, sha256))
        continue;
      if (self->accepted == NULL)
        self->accepted = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
      g_hash_table_insert (self->accepted, g_strdup (oci_digest_hex (sha256, hex)),
                           g_strdup (self->long_hashes->pdata[i]));
      terrane_requirement_add_hash (self, sha256);
    }
  return TRUE;
}

const char *
terrane_requirement_accepted_as (const TerraneRequirement *self, const OciDigest *sha256)
{
  OciDigestHex hex;
  return self->accepted != NULL ? g_hash_table_lookup (self->accepted, oci_digest_hex (sha256, hex))
                                : NULL;
}
