#include "builder/python/index-link.h"

#include "oci/http/url.h"

#include <string.h>

enum
{
  MAX_FILES = 250000, /* for one project */
};

static void
read_fragment (TerraneIndexFile *self, const char *fragment)
{
  g_auto (GStrv) fields = g_strsplit (fragment, "&", 64);
  for (char **field = fields; *field != NULL; field++)
    {
      if (!g_str_has_prefix (*field, "sha256="))
        continue;
      g_autofree char *hex = g_ascii_strdown (*field + strlen ("sha256="), -1);
      self->has_sha256 = oci_digest_parse_hex (hex, &self->sha256, NULL);
    }
}

static gboolean
is_file_url (const char *url)
{
  return g_ascii_strncasecmp (url, "file://", strlen ("file://")) == 0;
}

/* Returns: (transfer full) (nullable): the path of a file URL; %NULL if it names another host, or
 * none */
static char *
local_path (const char *base, const char *url)
{
  g_autofree char *bare = g_strndup (url, strcspn (url, "?"));
  return is_file_url (base) ? g_filename_from_uri (bare, NULL, NULL) : NULL;
}

/* Escapes spaces and non-ASCII bytes, which are common in links. */
static char *
escape_link (const char *link)
{
  GString *escaped = g_string_sized_new (strlen (link));
  for (const char *p = link; *p != '\0'; p++)
    if (g_ascii_isgraph (*p))
      g_string_append_c (escaped, *p);
    else
      g_string_append_printf (escaped, "%%%02X", (unsigned) (guchar) *p);
  return g_string_free (escaped, FALSE);
}

TerraneIndexFile *
terrane_index_link_read (const char *base, const char *link, const char *name)
{
  const char *fragment = strchr (link, '#');
  g_autofree char *written =
      fragment != NULL ? g_strndup (link, (gsize) (fragment - link)) : g_strdup (link);
  g_autofree char *bare = escape_link (written);
  /* RFC 3986 section 5.1: the base has no fragment; libcurl would keep it. */
  g_autofree char *base_url = g_strndup (base, strcspn (base, "#"));
  g_autoptr (TerraneIndexFile) self = g_new0 (TerraneIndexFile, 1);
  if (bare[0] == '\0'
      || !oci_url_resolve_user (base_url, bare, &self->url, &self->authorization, NULL))
    return NULL;
  g_autofree char *path = g_strndup (self->url, strcspn (self->url, "?"));
  self->file_name =
      name != NULL ? g_strdup (name) : g_uri_unescape_string (strrchr (path, '/') + 1, "/");
  if (self->file_name == NULL || self->file_name[0] == '\0')
    return NULL;
  if (is_file_url (self->url))
    {
      char *local = local_path (base, self->url);
      g_free (self->url);
      self->url = local;
      self->local = TRUE;
    }
  else if (!g_str_has_prefix (self->url, "https://") && !g_str_has_prefix (self->url, "http://"))
    return NULL;
  if (self->url == NULL)
    return NULL;
  if (fragment != NULL)
    read_fragment (self, fragment + 1);
  return g_steal_pointer (&self);
}

gboolean
terrane_index_check_version (const char *version, GError **error)
{
  if (version[0] == '1' && (version[1] == '.' || version[1] == '\0'))
    return TRUE;
  g_autofree char *quoted = oci_quote (version);
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "the index speaks version %s of the format; terrane has version 1", quoted);
}

gboolean
terrane_index_check_count (gsize n_files, GError **error)
{
  return n_files <= MAX_FILES
         || oci_throw (error, OCI_ERROR_LIMIT, "the index lists more than %d files", MAX_FILES);
}
