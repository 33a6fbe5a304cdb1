#include "builder/python/requirement-line.h"
#include "builder/python/name.h"
#include "builder/python/requirement-location.h"
#include "builder/python/wheel-name.h"

#include "oci/http/url.h"

#include <string.h>

/* Any part of a line may, by mistake, be a URL with a password in it: messages quote by
 * oci_url_quote(). */

static const char *
skip_spaces (const char *p)
{
  while (*p == ' ' || *p == '\t')
    p++;
  return p;
}

/* Whether only builds from source use the option: with wheels it has no effect. */
static gboolean
is_build_option (const char *option)
{
  static const char *const options[] = { "--config-settings", "--config-setting", "--global-option",
                                         "-C", NULL };
  g_autofree char *bare = g_strndup (option, strcspn (option, "="));
  return g_strv_contains (options, bare);
}

static gboolean
take_hash (TerraneRequirement *self, const char *value, const char *directory, GError **error)
{
  g_autofree char *expanded = terrane_requirement_expand (value, directory, error);
  return expanded != NULL && terrane_requirement_read_hash (self, expanded, error);
}

static gboolean
read_options (TerraneRequirement *self, const char *text, const char *directory, GError **error)
{
  g_auto (GStrv) words = NULL;
  if (*text == '\0')
    return TRUE;
  if (!g_shell_parse_argv (text, NULL, &words, NULL))
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
      if (is_hash && !take_hash (self, value, directory, error))
        return FALSE;
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

/* Skips "[a, b]" at *@p, if present. */
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

/* @p is after the "@". A URL ends at white space, as it may have a ";" in it. */
static gboolean
read_url (TerraneRequirement *self, const char **p, const char *directory, GError **error)
{
  const char *start = skip_spaces (*p);
  size_t len = strcspn (start, " \t");
  g_autofree char *written = g_strndup (start, len);
  *p = start + len;
  return terrane_requirement_locate (self, written, directory, error);
}

/* Reads one exact version, or other specifiers. */
static gboolean
read_specifiers (TerraneRequirement *self, const char *text, GError **error)
{
  gboolean exact = g_str_has_prefix (text, "==");
  const char *start = skip_spaces (text + (g_str_has_prefix (text, "===") ? 3 : exact ? 2 : 0));
  if (!exact || strpbrk (start, "*,") != NULL)
    {
      self->specifiers = text[0] != '\0' ? g_strdup (text) : NULL;
      return TRUE;
    }
  size_t len = strcspn (start, " \t");
  const char *rest = skip_spaces (start + len);
  g_autofree char *version = g_strndup (start, len);
  g_autofree char *quoted = oci_url_quote (*rest != '\0' ? rest : version);
  if (*rest != '\0')
    return oci_throw (error, OCI_ERROR_USAGE, "%s: unexpected %s", self->name, quoted);
  if (!terrane_requirement_is_version (version))
    return oci_throw (error, OCI_ERROR_USAGE, "%s: %s is not a version", self->name, quoted);
  self->version = g_steal_pointer (&version);
  return TRUE;
}

/* Reads what is before the ";": "==1.0", "(==1.0)", ">=1,<2", or nothing. */
static gboolean
read_versions (TerraneRequirement *self, const char **p, const char *directory, GError **error)
{
  size_t len = strcspn (*p, ";");
  g_autofree char *written = g_strstrip (g_strndup (*p, len));
  size_t size = strlen (written);
  *p += len;
  if (size >= 2 && written[0] == '(' && written[size - 1] == ')')
    {
      written[0] = written[size - 1] = ' ';
      g_strstrip (written);
    }
  if (written[0] != '\0' && strchr ("=<>!~", written[0]) == NULL)
    {
      g_autofree char *quoted = oci_url_quote (written);
      return oci_throw (error, OCI_ERROR_USAGE, "%s: unexpected %s", self->name, quoted);
    }
  g_autoptr (GError) local = NULL;
  g_autofree char *text = terrane_requirement_expand (written, directory, &local);
  if (text != NULL)
    return read_specifiers (self, text, error);
  self->fault = g_strdup_printf ("%s: %s", self->name, local->message);
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
  if (!terrane_python_is_name (name))
    {
      g_autofree char *quoted = oci_url_quote (*p);
      oci_throw (error, OCI_ERROR_USAGE, "expected a project's name at %s", quoted);
      return NULL;
    }
  *p += len;
  return terrane_requirement_new (name);
}

/* Returns the length of a URL or path at the start, in place of a name; 0 if there is none. As in
 * pip, a ";" ends a path, but a URL only after white space. */
static size_t
location_length (const char *text)
{
  size_t word = strcspn (text, " \t;@[=<>~(#");
  g_autofree char *bare = g_strndup (text, word);
  if (strchr (bare, ':') != NULL)
    return strcspn (text, " \t");
  gboolean is_path = text[0] == '.' || text[0] == '$' || strpbrk (bare, "/\\") != NULL
                     || g_str_has_suffix (bare, ".whl") || g_str_has_suffix (bare, ".tar.gz");
  return is_path ? strcspn (text, " \t;") : 0;
}

/* Returns the project's name in "#egg=NAME", else the text in a form for messages. */
static char *
name_of_location (const char *text)
{
  const char *egg = strstr (text, "egg=");
  size_t len = egg != NULL ? strcspn (egg + strlen ("egg="), "&[#- \t") : 0;
  return len > 0 ? g_strndup (egg + strlen ("egg="), len) : oci_url_quote (text);
}

/* Removes "[extras]" at the end or before the fragment. */
static void
cut_extras (char *location)
{
  char *fragment = location + strcspn (location, "#");
  char *extras = location + strcspn (location, "[");
  if (extras < fragment && fragment[-1] == ']')
    memmove (extras, fragment, strlen (fragment) + 1);
}

/* Reads a URL or path without a name: the file name of a wheel has the name. */
static TerraneRequirement *
read_location (const char **p, size_t len, const char *directory, GError **error)
{
  g_autofree char *written = g_strndup (*p, len);
  cut_extras (written);
  g_autofree char *label = name_of_location (written);
  g_autoptr (TerraneRequirement) self = terrane_requirement_new (label);
  *p += len;
  if (!terrane_requirement_locate (self, written, directory, error))
    return NULL;
  g_autofree char *file_name = terrane_requirement_file_name (self);
  g_autoptr (TerraneWheelName) wheel =
      file_name != NULL ? terrane_wheel_name_parse (file_name, NULL) : NULL;
  if (wheel != NULL)
    {
      g_free (self->name);
      g_free (self->normalised);
      self->name = g_strdup (wheel->name);
      self->normalised = g_strdup (wheel->name);
    }
  else if (self->fault == NULL)
    self->fault = g_strdup_printf (
        "%s is not a wheel; nothing is built from source here: build a wheel of it, by 'uv build "
        "--wheel' or 'pip wheel --no-deps', and name that with its hash",
        label);
  return g_steal_pointer (&self);
}

/* Reads "NAME[EXTRAS]", and what determines the file or version. */
static TerraneRequirement *
read_named (const char **p, const char *directory, GError **error)
{
  g_autoptr (TerraneRequirement) self = read_name (p, error);
  if (self == NULL || !skip_extras (p, self->name, error))
    return NULL;
  if (**p == '@')
    {
      (*p)++;
      return read_url (self, p, directory, error) ? g_steal_pointer (&self) : NULL;
    }
  return read_versions (self, p, directory, error) ? g_steal_pointer (&self) : NULL;
}

TerraneRequirement *
terrane_requirement_parse_line (const char *text, const char *directory, GError **error)
{
  const char *options = options_start (text);
  g_autofree char *specifier = g_strchomp (g_strndup (text, (gsize) (options - text)));
  const char *p = skip_spaces (specifier);
  size_t location = location_length (p);
  g_autoptr (TerraneRequirement) self = location > 0
                                            ? read_location (&p, location, directory, error)
                                            : read_named (&p, directory, error);
  return self != NULL && read_marker (self, p, error)
                 && read_options (self, options, directory, error)
             ? g_steal_pointer (&self)
             : NULL;
}

TerraneRequirement *
terrane_requirement_new_editable (const char *text)
{
  const char *marker = strstr (text, " ;");
  g_autofree char *written =
      g_strndup (text, marker != NULL ? (gsize) (marker - text) : strlen (text));
  g_autofree char *name = name_of_location (g_strstrip (written));
  TerraneRequirement *self = terrane_requirement_new (name);
  self->fault = g_strdup ("an editable install has no hash; build a wheel of it and pin that, or "
                          "leave it out ('uv export --no-emit-project')");
  if (marker != NULL)
    self->marker = g_strstrip (g_strdup (strchr (marker, ';') + 1));
  return self;
}
