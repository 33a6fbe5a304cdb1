#include "builder/python/requirements-file.h"

#include "builder/python/lock-kind.h"
#include "builder/python/requirement-line.h"
#include "builder/python/requirement-location.h"
#include "oci/base/fd.h"
#include "oci/http/url.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_BYTES = 8 * 1024 * 1024,
  MAX_LINE = 1024 * 1024, /* with its continuations */
  MAX_REQUIREMENTS = 20000,
  MAX_URLS = 100,
  MAX_PROBLEMS = 50,
  MAX_DEPTH = 32, /* of files that include each other */
  MAX_FILES = 500,
};

/* The state that all files of one parse share. */
typedef struct
{
  TerraneRequirements *result;
  GPtrArray *extra_index_urls, *find_links;
  GPtrArray
      *open; /* of char *: canonical paths of the files that are being read, outermost first */
  unsigned n_files;
  size_t n_bytes;
  GString *problems;
  unsigned n_problems;
} Collection;

typedef struct
{
  Collection *all;
  const char *name;    /* of the file */
  char *directory;     /* that contains it */
  gboolean constraint; /* it was named by "-c" */
  unsigned line;       /* of the start of the logical line, from 1 */
} Parser;

static void G_GNUC_PRINTF (2, 3) note (Parser *self, const char *format, ...)
{
  va_list args;
  GString *problems = self->all->problems;
  if (self->all->n_problems++ >= MAX_PROBLEMS)
    return;
  va_start (args, format);
  g_string_append_printf (problems, "%s%s line %u: ", problems->len > 0 ? "\n" : "", self->name,
                          self->line);
  g_string_append_vprintf (problems, format, args);
  va_end (args);
}

static void
note_error (Parser *self, GError *error)
{
  note (self, "%s", error->message);
  g_error_free (error);
}

/* The effect of an option on a line of its own. */
typedef enum
{
  IGNORE,
  INDEX_URL,
  EXTRA_INDEX_URL,
  FIND_LINKS,
  NO_INDEX,
  INCLUDE,
  CONSTRAIN,
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
  { "--constraint", "-c", TRUE, CONSTRAIN },
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

/* A directory is relative to the file that names it. For the outermost file, the user of the
 * requirements knows the place. */
static char *
place_links (const Parser *self, const char *value)
{
  gboolean nested = self->all->open->len > 1;
  return nested && strstr (value, "://") == NULL ? g_canonicalize_filename (value, self->directory)
                                                 : g_strdup (value);
}

static void
add_url (Parser *self, GPtrArray *urls, char *url)
{
  if (urls->len < MAX_URLS)
    {
      g_ptr_array_add (urls, url);
      return;
    }
  g_free (url);
  note (self, "too many indexes and links");
}

static gboolean read_other_file (Parser *self, const char *value, gboolean constraint,
                                 GError **error);

static gboolean
apply_option (Parser *self, const Option *option, const char *written, GError **error)
{
  GError *local = NULL;
  g_autofree char *value =
      written != NULL ? terrane_requirement_expand (written, self->directory, &local) : NULL;
  if (local != NULL)
    {
      note_error (self, local);
      return TRUE;
    }
  switch (option->action)
    {
    case INDEX_URL:
      g_free (self->all->result->index_url);
      self->all->result->index_url = g_steal_pointer (&value);
      break;
    case EXTRA_INDEX_URL:
      add_url (self, self->all->extra_index_urls, g_steal_pointer (&value));
      break;
    case FIND_LINKS:
      add_url (self, self->all->find_links, place_links (self, value));
      break;
    case NO_INDEX:
      self->all->result->no_index = TRUE;
      break;
    case INCLUDE:
      return read_other_file (self, value, FALSE, error);
    case CONSTRAIN:
      return read_other_file (self, value, TRUE, error);
    case IGNORE:
    default:
      break;
    }
  return TRUE;
}

/* Returns "-e" with what follows it, or NULL. */
static const char *
editable_of (const char *text)
{
  static const char *const names[] = { "--editable", "-e" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (text, names[i]))
      {
        const char *rest = text + strlen (names[i]);
        return rest + strspn (rest, i == 0 ? "= \t" : " \t");
      }
  return NULL;
}

static gboolean
read_options (Parser *self, const char *text, GError **error)
{
  g_auto (GStrv) words = NULL;
  if (!g_shell_parse_argv (text, NULL, &words, NULL))
    {
      note (self, "the quotes of this option are not balanced");
      return TRUE;
    }
  for (char **word = words; *word != NULL; word++)
    {
      const char *value = NULL;
      const Option *option = find_option (*word, &value);
      if (option == NULL)
        {
          g_autofree char *bare = g_strndup (*word, strcspn (*word, "="));
          g_autofree char *quoted = oci_url_quote (bare);
          note (self, "unknown option %s", quoted);
          return TRUE;
        }
      if (option->has_value && value == NULL && word[1] != NULL)
        value = *++word;
      if (option->has_value != (value != NULL && value[0] != '\0'))
        {
          note (self, "%s %s", option->name, option->has_value ? "has no value" : "takes no value");
          return TRUE;
        }
      if (!apply_option (self, option, value, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_requirement (Parser *self, TerraneRequirement *requirement, GError **error)
{
  TerraneRequirements *result = self->all->result;
  requirement->file = g_strdup (self->name);
  requirement->line = self->line;
  g_ptr_array_add (self->constraint ? result->constraints : result->requirements, requirement);
  if (result->requirements->len + result->constraints->len > MAX_REQUIREMENTS)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has more than %d requirements", self->name,
                      MAX_REQUIREMENTS);
  return TRUE;
}

static gboolean
read_requirement (Parser *self, const char *text, GError **error)
{
  GError *local = NULL;
  TerraneRequirement *requirement = terrane_requirement_parse_line (text, self->directory, &local);
  if (requirement != NULL)
    return add_requirement (self, requirement, error);
  note_error (self, local);
  return TRUE;
}

/* Removes a comment: "#" at the start or after white space. */
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
  const char *editable = editable_of (text->str);
  if (editable != NULL)
    return add_requirement (self, terrane_requirement_new_editable (editable), error);
  if (text->str[0] == '-')
    return read_options (self, text->str, error);
  return text->str[0] == '\0' || read_requirement (self, text->str, error);
}

static gboolean
is_comment (const char *line, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (line[i] != ' ' && line[i] != '\t')
      return line[i] == '#';
  return FALSE;
}

/* Like pip's join_lines(): a backslash at the end continues a line, but not that of a comment, and
 * a comment ends the lines before it. */
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

/* PowerShell's ">" writes a byte order mark, and a NUL with each letter. */
static gboolean
is_utf16 (const char *text, size_t size)
{
  return size >= 2
         && (memcmp (text, "\xff\xfe", 2) == 0 || memcmp (text, "\xfe\xff", 2) == 0
             || (text[0] == '\0') != (text[1] == '\0'));
}

static gboolean
check_text (const char *name, const char *text, size_t size, GError **error)
{
  if (is_utf16 (text, size))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s is a text in UTF-16, as PowerShell's > writes it; write it as UTF-8: by "
                      "the tool's own option, such as -o FILE, or by '| Out-File -Encoding utf8 "
                      "FILE'",
                      name);
  if (!g_utf8_validate_len (text, size, NULL)) /* refuses NUL too */
    return oci_throw (error, OCI_ERROR_USAGE, "%s is not a text in UTF-8", name);
  return TRUE;
}

static gboolean
read_file (Collection *all, const char *name, gboolean constraint, GBytes *data, GError **error)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  g_autofree char *directory = g_path_get_dirname (name);
  Parser parser = { .all = all, .name = name, .directory = directory, .constraint = constraint };
  all->n_bytes += MIN (size, MAX_BYTES + 1);
  if (all->n_bytes > MAX_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has %zu bytes, at most %d are allowed%s", name,
                      size, MAX_BYTES, all->n_files > 0 ? " in all files" : "");
  if (size == 0)
    return TRUE;
  if (!check_text (name, text, size, error))
    return FALSE;
  gsize mark = size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  return read_lines (&parser, text + mark, text + size, error);
}

/* Whether another file may be a requirements file. */
static gboolean
check_kind (const char *name, GBytes *data, GError **error)
{
  const TerraneLockKind *kind = terrane_lock_kind_find (name, data);
  return kind == NULL
         || oci_throw (error, OCI_ERROR_USAGE, "it is %s; a requirements file is needed: %s",
                       kind->what, kind->advice);
}

/* Reads the file that "-r" or "-c" names, by a path relative to the file with the line. */
static gboolean
read_other_file (Parser *self, const char *value, gboolean constraint, GError **error)
{
  Collection *all = self->all;
  g_autofree char *quoted = oci_url_quote (value);
  const char *letter = constraint ? "-c" : "-r";
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  g_autofree char *from_url =
      g_str_has_prefix (value, "file:") ? g_filename_from_uri (value, NULL, NULL) : NULL;
  if (from_url == NULL && strstr (value, "://") != NULL)
    {
      note (self,
            "%s %s: only files of this machine are read; download it, and name it by its path",
            letter, quoted);
      return TRUE;
    }
  const char *path = from_url != NULL ? from_url : value;
  g_autofree char *name = g_path_is_absolute (path) || g_str_equal (self->directory, ".")
                              ? g_strdup (path)
                              : g_build_filename (self->directory, path, NULL);
  char *canonical = g_canonicalize_filename (name, NULL);
  gboolean again = g_ptr_array_find_with_equal_func (all->open, canonical, g_str_equal, NULL);
  g_ptr_array_add (all->open, canonical);
  if (again)
    note (self, "%s %s: the file includes itself", letter, quoted);
  else if (all->open->len > MAX_DEPTH || ++all->n_files > MAX_FILES)
    note (self, "%s %s: more than %d files, or %d in each other", letter, quoted, MAX_FILES,
          MAX_DEPTH);
  else if (!oci_read_file (AT_FDCWD, name, MAX_BYTES, &data, &local)
           || !check_kind (name, data, &local))
    note (self, "%s %s: %s", letter, quoted, local->message);
  else if (!read_file (all, name, constraint, data, error))
    return FALSE;
  g_ptr_array_remove_index (all->open, all->open->len - 1);
  return TRUE;
}

/* The strings of @array as a vector; @array is consumed. */
static char **
to_strv (GPtrArray *array)
{
  g_ptr_array_add (array, NULL);
  return (char **) g_ptr_array_free (array, FALSE);
}

static gboolean
finish (const Collection *all, const char *name, GError **error)
{
  if (all->n_problems == 0)
    return TRUE;
  if (all->n_problems > MAX_PROBLEMS)
    g_string_append_printf (all->problems, "\n%s: and %u more problems", name,
                            all->n_problems - MAX_PROBLEMS);
  return oci_throw (error, OCI_ERROR_USAGE, "%s", all->problems->str);
}

TerraneRequirements *
terrane_requirements_file_parse (const char *name, GBytes *data, GError **error)
{
  g_autoptr (TerraneRequirements) result = terrane_requirements_new ();
  g_autoptr (GPtrArray) open = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) problems = g_string_new (NULL);
  Collection all = { .result = result,
                     .open = open,
                     .problems = problems,
                     .extra_index_urls = g_ptr_array_new (),
                     .find_links = g_ptr_array_new () };
  g_ptr_array_add (open, g_canonicalize_filename (name, NULL));
  gboolean ok = read_file (&all, name, FALSE, data, error) && finish (&all, name, error);
  g_strfreev (result->extra_index_urls);
  g_strfreev (result->find_links);
  result->extra_index_urls = to_strv (all.extra_index_urls);
  result->find_links = to_strv (all.find_links);
  return ok ? g_steal_pointer (&result) : NULL;
}
