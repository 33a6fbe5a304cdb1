#include "builder/python/requirement-line.h"
#include "builder/python/name.h"

#include "oci/registry/url.h"

#include <string.h>

/* Any part of a line may be a URL with a password in it, when somebody has made a mistake: messages
 * quote by oci_url_quote(). */

enum
{
  MAX_HASHES = 2000, /* of one requirement: files of one version */
};

static const char *
skip_spaces (const char *p)
{
  while (*p == ' ' || *p == '\t')
    p++;
  return p;
}

/* "${NAME}" at @p: its end, or NULL. */
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
terrane_requirement_expand (const char *text, GError **error)
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
      const char *value = g_getenv (name);
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

/* @value is "ALGORITHM:HEX". */
static gboolean
add_hash (TerraneRequirement *self, const char *value, GError **error)
{
  OciDigest digest;
  g_autofree char *lower = g_ascii_strdown (value, -1);
  if (!g_str_has_prefix (lower, "sha256:"))
    {
      if (strchr (value, ':') != NULL)
        return TRUE;
      g_autofree char *quoted = oci_url_quote (value);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: --hash is sha256: and 64 digits, not %s",
                        self->name, quoted);
    }
  if (!oci_digest_parse (lower, &digest, NULL))
    {
      g_autofree char *quoted = oci_url_quote (value);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: %s is not sha256: and 64 hexadecimal digits",
                        self->name, quoted);
    }
  if (self->hashes->len >= MAX_HASHES)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has more than %d hashes", self->name, MAX_HASHES);
  terrane_requirement_add_hash (self, &digest);
  return TRUE;
}

/* Options that only builds from source look at: with wheels they mean nothing. */
static gboolean
is_build_option (const char *option)
{
  static const char *const options[] = { "--config-settings", "--config-setting", "--global-option",
                                         "-C", NULL };
  g_autofree char *bare = g_strndup (option, strcspn (option, "="));
  return g_strv_contains (options, bare);
}

static gboolean
read_options (TerraneRequirement *self, const char *text, gboolean *out_hashed, GError **error)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) local = NULL;
  if (*text == '\0')
    return TRUE;
  if (!g_shell_parse_argv (text, NULL, &words, &local))
    return oci_throw (error, OCI_ERROR_USAGE, "%s: its options have unbalanced quotes", self->name);
  for (char **word = words; *word != NULL; word++)
    {
      const char *value = strchr (*word, '=');
      gboolean is_hash = strcmp (*word, "--hash") == 0 || g_str_has_prefix (*word, "--hash=");
      if (!is_hash && !is_build_option (*word))
        {
          g_autofree char *quoted = oci_url_quote (*word);
          return oci_throw (error, OCI_ERROR_USAGE, "%s: unexpected %s after the requirement",
                            self->name, quoted);
        }
      if (value != NULL)
        value++;
      else if ((value = word[1]) != NULL)
        word++;
      else
        return oci_throw (error, OCI_ERROR_USAGE, "%s: %s has no value", self->name, *word);
      if (is_hash && !add_hash (self, value, error))
        return FALSE;
      *out_hashed = *out_hashed || is_hash;
    }
  return TRUE;
}

/* pip's rule: options start at the first word with a "-". Returns a pointer into @text. */
static const char *
options_start (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if ((*p == ' ' || *p == '\t') && p[1] == '-')
      return p + 1;
  return text + strlen (text);
}

/* "[a, b]" at *@p, when there is one. */
static gboolean
skip_extras (const char **p, const char *name, GError **error)
{
  *p = skip_spaces (*p);
  if (**p != '[')
    return TRUE;
  const char *end = *p + 1;
  while (g_ascii_isalnum (*end) || (*end != '\0' && strchr ("-_., \t", *end) != NULL))
    end++;
  if (*end != ']')
    return oci_throw (error, OCI_ERROR_USAGE, "%s: its extras do not end with ]", name);
  *p = skip_spaces (end + 1);
  return TRUE;
}

/* Hashes in a URL's fragment, as "sha256=HEX" among "&"-joined fields (PEP 503). */
static gboolean
read_fragment (TerraneRequirement *self, const char *fragment, GError **error)
{
  g_auto (GStrv) fields = g_strsplit (fragment, "&", 64);
  for (char **field = fields; *field != NULL; field++)
    {
      if (!g_str_has_prefix (*field, "sha256="))
        continue;
      g_autofree char *value = g_strconcat ("sha256:", *field + strlen ("sha256="), NULL);
      if (!add_hash (self, value, error))
        return FALSE;
    }
  return TRUE;
}

/* @p stands behind the "@". */
static gboolean
read_url (TerraneRequirement *self, const char **p, GError **error)
{
  const char *start = skip_spaces (*p);
  size_t len = strcspn (start, " \t");
  g_autofree char *written = g_strndup (start, len);
  g_autofree char *scheme = g_ascii_strdown (written, (gssize) strcspn (written, ":"));
  *p = start + len;
  if (strchr (scheme, '+') != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s comes from version control, which has no hash; build a wheel of it, and "
                      "name that",
                      self->name);
  if (strcmp (scheme, "https") != 0 && strcmp (scheme, "http") != 0)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: expected an https URL after the @; a local wheel is found by "
                      "'--find-links DIRECTORY' and '%s==VERSION'",
                      self->name, self->name);
  g_autofree char *url = terrane_requirement_expand (written, error);
  if (url == NULL)
    return FALSE;
  char *fragment = strchr (url, '#');
  if (fragment != NULL)
    *fragment++ = '\0';
  if (fragment != NULL && !read_fragment (self, fragment, error))
    return FALSE;
  self->url = g_steal_pointer (&url);
  return TRUE;
}

static gboolean
read_version (TerraneRequirement *self, const char **p, GError **error)
{
  const char *start = *p + (g_str_has_prefix (*p, "===") ? 3 : 2);
  start = skip_spaces (start);
  size_t len = strcspn (start, " \t;,");
  g_autofree char *version = g_strndup (start, len);
  *p = skip_spaces (start + len);
  if (strchr (version, '*') != NULL || **p == ',')
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s has a range of versions, not one" TERRANE_PINNED_ADVICE, self->name);
  if (!terrane_requirement_is_version (version))
    {
      g_autofree char *quoted = oci_url_quote (version);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: %s is not a version", self->name, quoted);
    }
  self->version = g_steal_pointer (&version);
  return TRUE;
}

static gboolean
read_marker (TerraneRequirement *self, const char *p, GError **error)
{
  p = skip_spaces (p);
  if (*p == '\0')
    return TRUE;
  if (*p != ';')
    {
      g_autofree char *quoted = oci_url_quote (p);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: unexpected %s", self->name, quoted);
    }
  g_autofree char *marker = g_strstrip (g_strdup (p + 1));
  if (marker[0] == '\0')
    return oci_throw (error, OCI_ERROR_USAGE, "%s: nothing follows the ;", self->name);
  self->marker = g_steal_pointer (&marker);
  return TRUE;
}

static TerraneRequirement *
read_name (const char **p, GError **error)
{
  size_t len = 0;
  while (g_ascii_isalnum ((*p)[len]) || ((*p)[len] != '\0' && strchr ("-_.", (*p)[len]) != NULL))
    len++;
  g_autofree char *name = g_strndup (*p, len);
  gboolean path = strchr ("/\\:", (*p)[len]) != NULL && (*p)[len] != '\0';
  if (path || g_str_has_suffix (name, ".whl") || g_str_has_suffix (name, ".tar.gz")
      || name[0] == '.')
    {
      g_autofree char *quoted = oci_url_quote (*p);
      oci_throw (error, OCI_ERROR_USAGE,
                 "%s is a path or a URL without the project's name; write 'NAME @ URL "
                 "--hash=sha256:…', or '--find-links DIRECTORY' and 'NAME==VERSION --hash=…'",
                 quoted);
      return NULL;
    }
  if (!terrane_python_is_name (name))
    {
      g_autofree char *quoted = oci_url_quote (*p);
      oci_throw (error, OCI_ERROR_USAGE, "expected a project's name at %s", quoted);
      return NULL;
    }
  *p += len;
  return terrane_requirement_new (name);
}

/* All before the options. */
static TerraneRequirement *
read_specifier (const char *text, GError **error)
{
  const char *p = skip_spaces (text);
  g_autoptr (TerraneRequirement) self = read_name (&p, error);
  if (self == NULL || !skip_extras (&p, self->name, error))
    return NULL;
  if (*p == '@')
    {
      p++;
      if (!read_url (self, &p, error))
        return NULL;
    }
  else if (g_str_has_prefix (p, "=="))
    {
      if (!read_version (self, &p, error))
        return NULL;
    }
  else
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "%s is not pinned to a version by ==" TERRANE_PINNED_ADVICE, self->name);
      return NULL;
    }
  return read_marker (self, p, error) ? g_steal_pointer (&self) : NULL;
}

TerraneRequirement *
terrane_requirement_parse_line (const char *text, GError **error)
{
  gboolean hashed = FALSE;
  const char *options = options_start (text);
  g_autofree char *specifier = g_strchomp (g_strndup (text, (gsize) (options - text)));
  g_autoptr (TerraneRequirement) self = read_specifier (specifier, error);
  if (self == NULL || !read_options (self, options, &hashed, error))
    return NULL;
  if (self->hashes->len == 0)
    {
      oci_throw (error, OCI_ERROR_USAGE, "%s has no %s" TERRANE_PINNED_ADVICE, self->name,
                 hashed ? "--hash of SHA-256, only of others" : "--hash");
      return NULL;
    }
  return g_steal_pointer (&self);
}
