#include "builder/python/requirements-edit.h"

#include "builder/python/marker.h"
#include "builder/python/name.h"
#include "builder/python/requirement-line.h"
#include "builder/python/version.h"

#include "oci/http/url.h"

#include <string.h>

#define SPACES " \t"
#define NAME_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define MARK "\xef\xbb\xbf"

enum
{
  MAX_LENGTH = 4096, /* of one requirement */
};

static gboolean
refuse (const char *text, const char *reason, GError **error)
{
  g_autofree char *quoted = oci_url_quote (text);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s: %s; a requirement is written like 'shapely', 'numpy>=2,<3', "
                    "'fiona[s3]==1.10' or 'app @ https://HOST/app-1.0-py3-none-any.whl'",
                    quoted, reason);
}

/* Reads "[a, b]" at *@p.
 *
 * Returns: (nullable): "[a,b]", or "" */
static char *
read_extras (const char **p, const char *whole, GError **error)
{
  if (**p != '[')
    return g_strdup ("");
  const char *end = strchr (*p, ']');
  if (end == NULL)
    {
      refuse (whole, "its extras do not end with ]", error);
      return NULL;
    }
  g_autofree char *list = g_strndup (*p + 1, (gsize) (end - *p - 1));
  g_auto (GStrv) extras = g_strsplit (g_strstrip (list), ",", -1);
  for (char **extra = extras; *extra != NULL; extra++)
    {
      g_strstrip (*extra);
      if (!terrane_python_is_name (*extra))
        {
          refuse (whole, "an extra is not a name", error);
          return NULL;
        }
      char *normalised = terrane_python_normalise_name (*extra);
      g_free (*extra);
      *extra = normalised;
    }
  *p = end + 1 + strspn (end + 1, SPACES);
  g_autofree char *joined = g_strjoinv (",", extras);
  return joined[0] != '\0' ? g_strdup_printf ("[%s]", joined) : g_strdup ("");
}

/* Reads the marker after the ";". In a file, " #" would begin a comment and " -" an option.
 *
 * Returns: (nullable): " ; MARKER" */
static char *
read_marker (const char *text, const char *whole, GError **error)
{
  static const TerranePythonTarget any = { .python_major = 3, .architecture = "amd64" };
  gboolean holds = FALSE;
  g_autoptr (GError) local = NULL;
  g_autofree char *marker = g_strstrip (g_strdup (text));
  if (!terrane_marker_evaluate (marker, &any, NULL, &holds, &local))
    refuse (whole, local->message, error);
  else if (strstr (marker, " #") != NULL || strstr (marker, " -") != NULL)
    refuse (whole, "a marker with ‘ #’ or ‘ -’ cannot be written to a requirements file", error);
  else
    return g_strconcat (" ; ", marker, NULL);
  return NULL;
}

/* Reads "@ URL", at the "@".
 *
 * Returns: (nullable): " @ URL" */
static char *
read_url (const char *text, const char *whole, const char **out_rest, GError **error)
{
  const char *start = text + 1 + strspn (text + 1, SPACES);
  size_t len = strcspn (start, SPACES);
  *out_rest = start + len + strspn (start + len, SPACES);
  if (len == 0 || memchr (start, ':', len) == NULL)
    {
      refuse (whole, "expected a URL after the @", error);
      return NULL;
    }
  return g_strdup_printf (" @ %.*s", (int) len, start);
}

/* Reads versions up to the ";".
 *
 * Returns: (nullable): without spaces */
static char *
read_versions (const char *text, const char *whole, const char **out_rest, GError **error)
{
  size_t len = strcspn (text, ";");
  gboolean matches = FALSE;
  g_autoptr (GError) local = NULL;
  g_autoptr (TerraneVersion) any = terrane_version_parse ("1", NULL);
  g_autoptr (GString) versions = g_string_new (NULL);
  for (size_t i = 0; i < len; i++)
    if (strchr (SPACES "()", text[i]) == NULL)
      g_string_append_c (versions, text[i]);
  *out_rest = text + len;
  if (versions->len > 0 && strchr ("=<>!~", versions->str[0]) == NULL)
    refuse (whole, "expected versions such as >=2 after the name", error);
  else if (!terrane_version_matches (any, versions->str, &matches, &local))
    refuse (whole, local->message, error);
  else
    return g_strdup (versions->str);
  return NULL;
}

static gboolean
check_text (const char *text, GError **error)
{
  if (strlen (text) > MAX_LENGTH || !g_utf8_validate (text, -1, NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "a requirement has more than %d bytes, or is not in UTF-8", MAX_LENGTH);
  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p) && *p != '\t')
      return refuse (text, "it has control characters", error);
  return TRUE;
}

char *
terrane_requirement_canonical (const char *text, char **out_name, GError **error)
{
  if (!check_text (text, error))
    return NULL;
  const char *p = text + strspn (text, SPACES);
  size_t len = strspn (p, NAME_LETTERS);
  g_autofree char *written = g_strndup (p, len);
  if (!terrane_python_is_name (written) || p[len] == '/' || p[len] == ':'
      || g_str_has_suffix (written, ".whl"))
    {
      refuse (text, "it does not begin with the name of a project", error);
      return NULL;
    }
  g_autofree char *name = terrane_python_normalise_name (written);
  p += len + strspn (p + len, SPACES);
  g_autofree char *extras = read_extras (&p, text, error);
  if (extras == NULL)
    return NULL;
  const char *rest = NULL;
  g_autofree char *versions =
      *p == '@' ? read_url (p, text, &rest, error) : read_versions (p, text, &rest, error);
  if (versions == NULL)
    return NULL;
  if (*rest != '\0' && *rest != ';')
    {
      refuse (text, "something follows the URL", error);
      return NULL;
    }
  g_autofree char *marker = *rest == ';' ? read_marker (rest + 1, text, error) : g_strdup ("");
  if (marker == NULL)
    return NULL;
  if (out_name != NULL)
    *out_name = g_strdup (name);
  return g_strconcat (name, extras, versions, marker, NULL);
}

/* One line of the file with its continuations. */
typedef struct
{
  gsize start, end;    /* @end: before the line break */
  char *name;          /* (nullable): of the project, normalised */
  char *marker;        /* (nullable): without spaces, and with one kind of quotes */
  const char *comment; /* (nullable): at its end */
} Line;

static void
line_clear (gpointer data)
{
  Line *self = data;
  g_free (self->name);
  g_free (self->marker);
}

/* Returns a marker in the form in which two spellings are compared. */
static char *
plain_marker (const char *marker)
{
  if (marker == NULL)
    return NULL;
  GString *plain = g_string_new (NULL);
  for (const char *p = marker; *p != '\0'; p++)
    if (*p != ' ' && *p != '\t')
      g_string_append_c (plain, *p == '"' ? '\'' : *p);
  return g_string_free (plain, FALSE);
}

/* Returns where a comment begins in [@p, @end): "#" at the start or after white space. */
static const char *
find_comment (const char *p, const char *end)
{
  for (const char *q = p; q < end; q++)
    if (*q == '#' && (q == p || q[-1] == ' ' || q[-1] == '\t'))
      return q;
  return NULL;
}

static void
take_line (GArray *lines, const char *name, gsize start, gsize end, const GString *logical,
           const char *comment)
{
  g_autofree char *directory = g_path_get_dirname (name);
  g_autofree char *stripped = g_strstrip (g_strdup (logical->str));
  Line line = { .start = start, .end = end, .comment = comment };
  if (stripped[0] == '\0' || stripped[0] == '-')
    return;
  g_autoptr (TerraneRequirement) requirement =
      terrane_requirement_parse_line (stripped, directory, NULL);
  g_autofree char *first = g_strndup (stripped, strspn (stripped, NAME_LETTERS));
  /* Errors in a line are reported when the file is resolved. */
  line.name = requirement != NULL ? g_strdup (requirement->normalised)
                                  : terrane_python_normalise_name (first);
  line.marker = requirement != NULL ? plain_marker (requirement->marker) : NULL;
  g_array_append_val (lines, line);
}

/* Returns the lines with requirements, joined as pip does. */
static GArray *
read_lines (const char *name, const char *text)
{
  GArray *lines = g_array_new (FALSE, FALSE, sizeof (Line));
  g_array_set_clear_func (lines, line_clear);
  g_autoptr (GString) logical = g_string_new (NULL);
  gsize size = strlen (text), at = g_str_has_prefix (text, MARK) ? strlen (MARK) : 0, start = at;
  while (at < size)
    {
      const char *p = text + at, *newline = strchr (p, '\n');
      gsize next = newline != NULL ? (gsize) (newline - text) + 1 : size;
      gsize end = newline != NULL ? next - 1 : size;
      if (end > at && text[end - 1] == '\r')
        end--;
      const char *comment = find_comment (p, text + end);
      const char *stop = comment != NULL ? comment : text + end;
      gboolean goes_on = comment == NULL && stop > p && stop[-1] == '\\' && next < size;
      g_string_append_len (logical, p, goes_on ? stop - p - 1 : stop - p);
      at = next;
      if (goes_on)
        continue;
      take_line (lines, name, start, end, logical, comment);
      g_string_truncate (logical, 0);
      start = at;
    }
  return lines;
}

/* Chooses the line to replace: *@out_line is NULL if one is added. */
static gboolean
choose_line (GArray *lines, const char *file, const char *name, const char *marker,
             const Line **out_line, GError **error)
{
  const Line *same = NULL, *other = NULL;
  guint n = 0;
  for (guint i = 0; i < lines->len; i++)
    {
      const Line *line = &g_array_index (lines, Line, i);
      if (!g_str_equal (line->name, name))
        continue;
      n++;
      other = line;
      if (same == NULL && g_strcmp0 (line->marker, marker) == 0)
        same = line;
    }
  *out_line = same != NULL ? same : n == 1 ? other : NULL;
  return *out_line != NULL || n == 0
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s has %u lines for %s, with other markers than this; give one of these "
                       "markers, or edit the file",
                       file, n, name);
}

static char *
append (const char *text, const char *canonical)
{
  const char *newline = strchr (text, '\n');
  const char *ending = newline != NULL && newline > text && newline[-1] == '\r' ? "\r\n" : "\n";
  gsize size = strlen (text);
  gboolean whole = size == 0 || text[size - 1] == '\n' || g_str_equal (text, MARK);
  /* A last line with a continuation would include the new one. */
  gboolean goes_on = g_str_has_suffix (text, "\\\n") || g_str_has_suffix (text, "\\\r\n")
                     || g_str_has_suffix (text, "\\");
  return g_strconcat (text, whole ? "" : ending, goes_on ? ending : "", canonical, ending, NULL);
}

char *
terrane_requirements_edit (const char *name, const char *text, const char *requirement,
                           GError **error)
{
  const Line *line = NULL;
  g_autofree char *project = NULL;
  g_autofree char *canonical = terrane_requirement_canonical (requirement, &project, error);
  if (canonical == NULL)
    return NULL;
  const char *semicolon = strstr (canonical, " ; ");
  g_autofree char *marker = plain_marker (semicolon != NULL ? semicolon + 3 : NULL);
  g_autoptr (GArray) lines = read_lines (name, text);
  if (!choose_line (lines, name, project, marker, &line, error))
    return NULL;
  if (line == NULL)
    return append (text, canonical);
  g_autoptr (GString) edited = g_string_new_len (text, (gssize) line->start);
  g_string_append (edited, canonical);
  if (line->comment != NULL)
    {
      g_string_append (edited, "  ");
      g_string_append_len (edited, line->comment, text + line->end - line->comment);
    }
  g_string_append (edited, text + line->end);
  return g_string_free (g_steal_pointer (&edited), FALSE);
}
