#include "builder/python/requirements-file.h"

#include "builder/python/requirement-line.h"
#include "oci/registry/url.h"

#include <string.h>

enum
{
  MAX_BYTES = 8 * 1024 * 1024,
  MAX_LINE = 1024 * 1024, /* with its continuations */
  MAX_REQUIREMENTS = 20000,
  MAX_URLS = 100,
  MAX_PROBLEMS = 50,
};

typedef struct
{
  const char *name;
  unsigned line; /* of the logical line's start, from 1 */
  TerraneRequirements *result;
  GHashTable *seen; /* normalised name and marker */
  GPtrArray *extra_index_urls, *find_links;
  GString *problems;
  unsigned n_problems;
  gboolean advised; /* TERRANE_PINNED_ADVICE was given; once is enough */
} Parser;

static void
note (Parser *self, const char *message)
{
  size_t len = strlen (message);
  if (g_str_has_suffix (message, TERRANE_PINNED_ADVICE))
    {
      if (self->advised)
        len -= strlen (TERRANE_PINNED_ADVICE);
      self->advised = TRUE;
    }
  if (self->n_problems++ < MAX_PROBLEMS)
    g_string_append_printf (self->problems, "%s%s line %u: %.*s",
                            self->problems->len > 0 ? "\n" : "", self->name, self->line, (int) len,
                            message);
}

static void
note_error (Parser *self, GError *error)
{
  note (self, error->message);
  g_error_free (error);
}

/* What an option of a line of its own does. */
typedef enum
{
  IGNORE,
  INDEX_URL,
  EXTRA_INDEX_URL,
  FIND_LINKS,
  NO_INDEX,
  INCLUDE,
  EDITABLE,
} Action;

typedef struct
{
  const char *name, *letter; /* @letter: (nullable) */
  gboolean has_value;
  Action action;
} Option;

static const Option options[] = {
  { "--index-url", "-i", TRUE, INDEX_URL },
  { "--pypi-url", NULL, TRUE, INDEX_URL },
  { "--extra-index-url", NULL, TRUE, EXTRA_INDEX_URL },
  { "--find-links", "-f", TRUE, FIND_LINKS },
  { "--no-index", NULL, FALSE, NO_INDEX },
  { "--requirement", "-r", TRUE, INCLUDE },
  { "--constraint", "-c", TRUE, INCLUDE },
  { "--editable", "-e", TRUE, EDITABLE },
  { "--no-binary", NULL, TRUE, IGNORE },
  { "--only-binary", NULL, TRUE, IGNORE },
  { "--trusted-host", NULL, TRUE, IGNORE },
  { "--use-feature", NULL, TRUE, IGNORE },
  { "--require-hashes", NULL, FALSE, IGNORE },
  { "--pre", NULL, FALSE, IGNORE },
  { "--prefer-binary", NULL, FALSE, IGNORE },
};

/* Finds @word, which may be "--name=VALUE" or "-lVALUE"; *@out_value is that value or NULL. */
static const Option *
find_option (const char *word, const char **out_value)
{
  for (size_t i = 0; i < G_N_ELEMENTS (options); i++)
    {
      const Option *option = &options[i];
      size_t len = strlen (option->name);
      if (strncmp (word, option->name, len) == 0 && (word[len] == '\0' || word[len] == '='))
        {
          *out_value = word[len] == '=' ? word + len + 1 : NULL;
          return option;
        }
      if (option->letter != NULL && strncmp (word, option->letter, 2) == 0)
        {
          *out_value = word[2] != '\0' ? word + 2 : NULL;
          return option;
        }
    }
  return NULL;
}

static void
add_url (Parser *self, GPtrArray *urls, const char *value)
{
  GError *error = NULL;
  char *url = terrane_requirement_expand (value, &error);
  if (url == NULL)
    {
      note_error (self, error);
      return;
    }
  if (urls->len < MAX_URLS)
    g_ptr_array_add (urls, url);
  else
    {
      g_free (url);
      note (self, "too many indexes and links");
    }
}

static void
set_index_url (Parser *self, const char *value)
{
  GError *error = NULL;
  char *url = terrane_requirement_expand (value, &error);
  if (url == NULL)
    {
      note_error (self, error);
      return;
    }
  g_free (self->result->index_url);
  self->result->index_url = url;
}

static void
apply_option (Parser *self, const Option *option, const char *value)
{
  switch (option->action)
    {
    case INDEX_URL:
      set_index_url (self, value);
      break;
    case EXTRA_INDEX_URL:
      add_url (self, self->extra_index_urls, value);
      break;
    case FIND_LINKS:
      add_url (self, self->find_links, value);
      break;
    case NO_INDEX:
      self->result->no_index = TRUE;
      break;
    case INCLUDE:
      {
        g_autofree char *quoted = oci_url_quote (value);
        g_autofree char *message =
            g_strdup_printf ("%s %s: other files are not read; export everything to one file",
                             option->letter, quoted);
        note (self, message);
        break;
      }
    case EDITABLE:
      note (self, "an editable install has no hash; build a wheel of it and pin that, or leave it "
                  "out ('uv export --no-emit-project')");
      break;
    case IGNORE:
    default:
      break;
    }
}

static void
read_options (Parser *self, const char *text)
{
  g_auto (GStrv) words = NULL;
  if (!g_shell_parse_argv (text, NULL, &words, NULL))
    {
      note (self, "the quotes of this option are not balanced");
      return;
    }
  for (char **word = words; *word != NULL; word++)
    {
      const char *value = NULL;
      const Option *option = find_option (*word, &value);
      if (option == NULL)
        {
          g_autofree char *bare = g_strndup (*word, strcspn (*word, "="));
          g_autofree char *quoted = oci_url_quote (bare);
          g_autofree char *message = g_strdup_printf ("unknown option %s", quoted);
          note (self, message);
          return;
        }
      if (option->has_value && value == NULL && word[1] != NULL)
        value = *++word;
      if (option->has_value != (value != NULL && value[0] != '\0'))
        {
          g_autofree char *message = g_strdup_printf (
              "%s %s", option->name, option->has_value ? "has no value" : "takes no value");
          note (self, message);
          return;
        }
      apply_option (self, option, value);
    }
}

static gboolean
read_requirement (Parser *self, const char *text, GError **error)
{
  GError *local = NULL;
  g_autoptr (TerraneRequirement) requirement = terrane_requirement_parse_line (text, &local);
  if (requirement == NULL)
    {
      note_error (self, local);
      return TRUE;
    }
  if (self->result->requirements->len >= MAX_REQUIREMENTS)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has more than %d requirements", self->name,
                      MAX_REQUIREMENTS);
  const char *marker = requirement->marker;
  g_autofree char *key =
      g_strconcat (requirement->normalised, ";", marker != NULL ? marker : "", NULL);
  if (g_hash_table_contains (self->seen, key))
    {
      g_autofree char *message =
          g_strdup_printf ("%s is there already, %s", requirement->name,
                           marker != NULL ? "with the same marker" : "without a marker as well");
      note (self, message);
      return TRUE;
    }
  requirement->line = self->line;
  g_hash_table_add (self->seen, g_steal_pointer (&key));
  g_ptr_array_add (self->result->requirements, g_steal_pointer (&requirement));
  return TRUE;
}

/* Cuts a comment: "#" at the start or after white space. */
static void
cut_comment (char *text)
{
  for (char *p = text; *p != '\0'; p++)
    if (*p == '#' && (p == text || g_ascii_isspace (p[-1])))
      {
        *p = '\0';
        return;
      }
}

static gboolean
read_logical_line (Parser *self, GString *text, GError **error)
{
  cut_comment (text->str);
  g_strstrip (text->str);
  if (text->str[0] == '-')
    read_options (self, text->str);
  else if (text->str[0] != '\0')
    return read_requirement (self, text->str, error);
  return TRUE;
}

static gboolean
is_comment (const char *line, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (line[i] != ' ' && line[i] != '\t')
      return line[i] == '#';
  return FALSE;
}

/* pip's join_lines(): a backslash at the end continues a line, but not that of a comment, and a
 * comment ends what went before. */
static gboolean
read_lines (Parser *self, const char *p, const char *end, GError **error)
{
  g_autoptr (GString) logical = g_string_new (NULL);
  unsigned line = 1;
  for (self->line = 1; p < end; line++)
    {
      const char *newline = memchr (p, '\n', (size_t) (end - p));
      const char *next = newline != NULL ? newline + 1 : end;
      size_t len = (size_t) ((newline != NULL ? newline : end) - p);
      if (len > 0 && p[len - 1] == '\r')
        len--;
      gboolean comment = is_comment (p, len);
      gboolean backslash = !comment && len > 0 && p[len - 1] == '\\';
      gboolean goes_on = backslash && next < end;
      if (!comment)
        g_string_append_len (logical, p, (gssize) (backslash ? len - 1 : len));
      p = next;
      if (logical->len > MAX_LINE)
        return oci_throw (error, OCI_ERROR_LIMIT, "%s line %u: longer than %d bytes", self->name,
                          self->line, MAX_LINE);
      if (goes_on)
        continue;
      if (!read_logical_line (self, logical, error))
        return FALSE;
      g_string_truncate (logical, 0);
      self->line = line + 1;
    }
  return TRUE;
}

static gboolean
read_file (Parser *self, GBytes *data, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  if (size > MAX_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has %zu bytes, at most %d are allowed",
                      self->name, size, MAX_BYTES);
  if (size == 0)
    return TRUE;
  if (!g_utf8_validate_len (text, size, NULL)) /* refuses NUL too */
    return oci_throw (error, OCI_ERROR_USAGE, "%s is not a text in UTF-8", self->name);
  gsize mark = size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  if (!read_lines (self, text + mark, text + size, error))
    return FALSE;
  if (self->n_problems == 0)
    return TRUE;
  if (self->n_problems > MAX_PROBLEMS)
    g_string_append_printf (self->problems, "\n%s: and %u more problems", self->name,
                            self->n_problems - MAX_PROBLEMS);
  return oci_throw (error, OCI_ERROR_USAGE, "%s", self->problems->str);
}

/* The strings of @array as a vector; @array is consumed. */
static char **
to_strv (GPtrArray *array)
{
  g_ptr_array_add (array, NULL);
  return (char **) g_ptr_array_free (array, FALSE);
}

TerraneRequirements *
terrane_requirements_file_parse (const char *name, GBytes *data, GError **error)
{
  g_autoptr (TerraneRequirements) result = terrane_requirements_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) problems = g_string_new (NULL);
  Parser parser = { .name = name,
                    .result = result,
                    .seen = seen,
                    .problems = problems,
                    .extra_index_urls = g_ptr_array_new (),
                    .find_links = g_ptr_array_new () };
  gboolean ok = read_file (&parser, data, error);
  g_strfreev (result->extra_index_urls);
  g_strfreev (result->find_links);
  result->extra_index_urls = to_strv (parser.extra_index_urls);
  result->find_links = to_strv (parser.find_links);
  return ok ? g_steal_pointer (&result) : NULL;
}
