#include "builder/python/marker.h"

#include "builder/python/name.h"
#include "builder/python/tags.h"
#include "builder/python/version.h"

#include <string.h>

enum
{
  MAX_BYTES = 8192,
  MAX_DEPTH = 32,
  MAX_VALUE = 32, /* for a version of the target, as text */
  MAX_PATCH = 63, /* more than the releases of any minor version of Python */
};

typedef enum
{
  KIND_LITERAL,
  KIND_TEXT,    /* a variable that is text */
  KIND_VERSION, /* a variable that is a version */
  KIND_EXTRA,
  KIND_SET, /* the requested names */
} Kind;

/* The values of variables in one evaluation. */
typedef struct
{
  const char *machine, *extra;
  const TerraneMarkerSets *sets; /* (nullable): instead of @extra */
  char version[MAX_VALUE], full_version[MAX_VALUE];
} Environment;

typedef struct
{
  const char *start, *at;
  unsigned depth;
  const Environment *environment;
  GError **error;
} Parser;

typedef struct
{
  Kind kind;
  char *value;
  const char *const *set;
} Operand;

static void
operand_clear (Operand *self)
{
  g_free (self->value);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Operand, operand_clear)

static gboolean
malformed (const Parser *self, const char *expected)
{
  g_autofree char *quoted = oci_quote (self->at);
  g_autofree char *whole = oci_quote (self->start);
  return oci_throw (self->error, OCI_ERROR_FORMAT, "marker %s: expected %s at %s", whole, expected,
                    quoted);
}

static void
skip_spaces (Parser *self)
{
  while (*self->at == ' ' || *self->at == '\t')
    self->at++;
}

static gboolean
is_word_char (char c)
{
  return g_ascii_isalnum (c) || c == '_';
}

/* Reads @word if it is next, as a whole word. */
static gboolean
read_word (Parser *self, const char *word)
{
  size_t length = strlen (word);
  if (strncmp (self->at, word, length) != 0 || is_word_char (self->at[length]))
    return FALSE;
  self->at += length;
  return TRUE;
}

/* PEP 508 has no escapes in strings, and no control characters. */
static gboolean
read_string (Parser *self, Operand *out)
{
  const char quote = *self->at, *start = self->at + 1, *end = start;
  for (; *end != quote; end++)
    if (g_ascii_iscntrl (*end) || *end == '\\' || *end == '\0')
      return malformed (self, "a string without backslashes and control characters");
  out->kind = KIND_LITERAL;
  out->value = g_strndup (start, (gsize) (end - start));
  self->at = end + 1;
  return TRUE;
}

/* Reads the variables that only markers of a pylock.toml have. */
static gboolean
read_set (Parser *self, Operand *out)
{
  const TerraneMarkerSets *sets = self->environment->sets;
  gboolean extras = read_word (self, "extras");
  if (!extras && !read_word (self, "dependency_groups"))
    return FALSE;
  out->kind = KIND_SET;
  out->set = extras ? sets->extras : sets->groups;
  return TRUE;
}

static gboolean
read_variable (Parser *self, Operand *out)
{
  const Environment *e = self->environment;
  const struct
  {
    const char *name;
    Kind kind;
    const char *value;
  } variables[] = {
    { "python_version", KIND_VERSION, e->version },
    { "python_full_version", KIND_VERSION, e->full_version },
    { "implementation_version", KIND_VERSION, e->full_version },
    { "platform_release", KIND_VERSION, "" },
    { "platform_version", KIND_TEXT, "" },
    { "platform.version", KIND_TEXT, "" },
    { "os_name", KIND_TEXT, "posix" },
    { "os.name", KIND_TEXT, "posix" },
    { "sys_platform", KIND_TEXT, "linux" },
    { "sys.platform", KIND_TEXT, "linux" },
    { "platform_machine", KIND_TEXT, e->machine },
    { "platform.machine", KIND_TEXT, e->machine },
    { "platform_system", KIND_TEXT, "Linux" },
    { "platform_python_implementation", KIND_TEXT, "CPython" },
    { "platform.python_implementation", KIND_TEXT, "CPython" },
    { "python_implementation", KIND_TEXT, "CPython" },
    { "implementation_name", KIND_TEXT, "cpython" },
    { "extra", KIND_EXTRA, e->extra },
  };
  if (e->sets != NULL && read_set (self, out))
    return TRUE;
  for (size_t i = 0; i < G_N_ELEMENTS (variables); i++)
    if (variables[i].value != NULL && read_word (self, variables[i].name))
      {
        out->kind = variables[i].kind;
        out->value = g_strdup (variables[i].value);
        return TRUE;
      }
  return malformed (self, "a marker variable or a string");
}

static gboolean
read_operand (Parser *self, Operand *out)
{
  skip_spaces (self);
  return *self->at == '"' || *self->at == '\'' ? read_string (self, out)
                                               : read_variable (self, out);
}

/* Returns: (nullable) (transfer none): the operator, as packaging spells it */
static const char *
read_operator (Parser *self)
{
  static const char *const symbols[] = { "===", "==", "~=", "!=", "<=", ">=", "<", ">" };
  skip_spaces (self);
  for (size_t i = 0; i < G_N_ELEMENTS (symbols); i++)
    if (g_str_has_prefix (self->at, symbols[i]))
      {
        self->at += strlen (symbols[i]);
        return symbols[i];
      }
  if (read_word (self, "in"))
    return "in";
  if (read_word (self, "not") && (*self->at == ' ' || *self->at == '\t'))
    {
      skip_spaces (self);
      if (read_word (self, "in"))
        return "not in";
    }
  (void) malformed (self, "a comparison, \"in\" or \"not in\""); /* the caller tests for NULL */
  return NULL;
}

static gboolean
compare_text (const Parser *self, const char *left, const char *op, const char *right,
              gboolean *out_holds)
{
  if (strcmp (op, "in") == 0)
    *out_holds = strstr (right, left) != NULL;
  else if (strcmp (op, "not in") == 0)
    *out_holds = strstr (right, left) == NULL;
  else if (strcmp (op, "!=") == 0)
    *out_holds = strcmp (left, right) != 0;
  else if (strcmp (op, "==") == 0 || strcmp (op, "<=") == 0 || strcmp (op, ">=") == 0)
    *out_holds = strcmp (left, right) == 0;
  else if (strcmp (op, "<") == 0 || strcmp (op, ">") == 0)
    *out_holds = FALSE;
  else
    {
      g_autofree char *whole = oci_quote (self->start);
      g_autofree char *quoted = oci_quote (right);
      return oci_throw (self->error, OCI_ERROR_FORMAT, "marker %s: %s cannot compare with %s",
                        whole, op, quoted);
    }
  return TRUE;
}

/* Whether @op and @right are a version specifier; then *@out_holds says whether @left matches. A
 * text that is not a version matches nothing. */
static gboolean
compare_versions (const char *left, const char *op, const char *right, gboolean *out_holds)
{
  if (g_ascii_isalpha (*op) || strchr (right, ',') != NULL)
    return FALSE;
  g_autofree char *specifier = g_strconcat (op, right, NULL);
  g_autoptr (TerraneVersion) any = terrane_version_parse ("0", NULL);
  g_autoptr (TerraneVersion) version = terrane_version_parse (left, NULL);
  if (!terrane_version_matches (version != NULL ? version : any, specifier, out_holds, NULL))
    return FALSE;
  if (strcmp (op, "===") == 0)
    *out_holds = g_ascii_strcasecmp (left, g_strstrip (specifier + 3)) == 0;
  else if (version == NULL)
    *out_holds = FALSE;
  return TRUE;
}

/* Only a text is in a set of names, or not in it. */
static gboolean
compare_with_set (const Parser *self, const Operand *left, const char *op, const Operand *right,
                  gboolean *out_holds)
{
  gboolean negated = strcmp (op, "not in") == 0;
  if (left->kind != KIND_LITERAL || (!negated && strcmp (op, "in") != 0))
    return malformed (self, "before this, a text in or not in the set of names");
  g_autofree char *name = terrane_python_normalise_name (left->value);
  *out_holds = g_strv_contains (right->set, name) != negated;
  return TRUE;
}

static gboolean
compare (const Parser *self, const Operand *left, const char *op, const Operand *right,
         gboolean *out_holds)
{
  if (left->kind == KIND_LITERAL && right->kind == KIND_LITERAL)
    return malformed (self, "a marker variable on one side of the comparison before");
  if (left->kind == KIND_SET || right->kind == KIND_SET)
    return compare_with_set (self, left, op, right, out_holds);
  Kind kind = left->kind != KIND_LITERAL ? left->kind : right->kind;
  if (kind == KIND_EXTRA)
    {
      g_autofree char *l = terrane_python_normalise_name (left->value);
      g_autofree char *r = terrane_python_normalise_name (right->value);
      return compare_text (self, l, op, r, out_holds);
    }
  if (kind == KIND_VERSION && compare_versions (left->value, op, right->value, out_holds))
    return TRUE;
  return compare_text (self, left->value, op, right->value, out_holds);
}

static gboolean
read_comparison (Parser *self, gboolean *out_holds)
{
  g_auto (Operand) left = { 0 };
  g_auto (Operand) right = { 0 };
  if (!read_operand (self, &left))
    return FALSE;
  const char *op = read_operator (self);
  return op != NULL && read_operand (self, &right) && compare (self, &left, op, &right, out_holds);
}

static gboolean read_or (Parser *self, gboolean *out_holds);

static gboolean
read_atom (Parser *self, gboolean *out_holds)
{
  skip_spaces (self);
  if (*self->at != '(')
    return read_comparison (self, out_holds);
  if (++self->depth > MAX_DEPTH)
    return oci_throw (self->error, OCI_ERROR_LIMIT,
                      "a marker has more than %d parentheses in each other", MAX_DEPTH);
  self->at++;
  if (!read_or (self, out_holds))
    return FALSE;
  if (*self->at != ')')
    return malformed (self, "a closing parenthesis");
  self->at++;
  self->depth--;
  return TRUE;
}

/* Reads everything that @word joins. No part is skipped: an error in one is an error, whatever the
 * value of the others. */
static gboolean
read_and (Parser *self, gboolean *out_holds)
{
  gboolean all = TRUE;
  do
    {
      gboolean holds = FALSE;
      if (!read_atom (self, &holds))
        return FALSE;
      all = all && holds;
      skip_spaces (self);
    }
  while (read_word (self, "and"));
  *out_holds = all;
  return TRUE;
}

static gboolean
read_or (Parser *self, gboolean *out_holds)
{
  gboolean some = FALSE;
  do
    {
      gboolean holds = FALSE;
      if (!read_and (self, &holds))
        return FALSE;
      some = some || holds;
    }
  while (read_word (self, "or"));
  *out_holds = some;
  return TRUE;
}

static gboolean
evaluate (const char *marker, const Environment *environment, gboolean *out_holds, GError **error)
{
  Parser parser = { .start = marker, .at = marker, .environment = environment, .error = error };
  gboolean holds = FALSE;
  if (!read_or (&parser, &holds))
    return FALSE;
  if (*parser.at != '\0')
    return malformed (&parser, "\"and\", \"or\" or the end");
  *out_holds = holds;
  return TRUE;
}

static gboolean
prepare (const char *marker, const TerranePythonTarget *target, Environment *out, GError **error)
{
  size_t length = strlen (marker);
  if (length > MAX_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "a marker has %zu bytes, at most %d", length,
                      MAX_BYTES);
  *out = (Environment){ .machine = terrane_tags_machine (target) };
  (void) g_snprintf (out->version, MAX_VALUE, "%u.%u", target->python_major, target->python_minor);
  (void) g_snprintf (out->full_version, MAX_VALUE, "%s.%u", out->version, target->python_patch);
  return TRUE;
}

gboolean
terrane_marker_evaluate (const char *marker, const TerranePythonTarget *target,
                         const char *const *extras, gboolean *out_holds, GError **error)
{
  static const char *const none[] = { "", NULL };
  Environment environment;
  gboolean some = FALSE;
  if (!prepare (marker, target, &environment, error))
    return FALSE;
  for (const char *const *extra = extras != NULL && *extras != NULL ? extras : none; *extra != NULL;
       extra++)
    {
      gboolean holds = FALSE;
      environment.extra = *extra;
      if (!evaluate (marker, &environment, &holds, error))
        return FALSE;
      some = some || holds;
    }
  *out_holds = some;
  return TRUE;
}

gboolean
terrane_marker_evaluate_in_lock (const char *marker, const TerranePythonTarget *target,
                                 const TerraneMarkerSets *sets, gboolean *out_holds, GError **error)
{
  Environment environment;
  if (!prepare (marker, target, &environment, error))
    return FALSE;
  environment.sets = sets;
  return evaluate (marker, &environment, out_holds, error);
}

gboolean
terrane_marker_depends_on_patch (const char *marker, const TerranePythonTarget *target,
                                 const TerraneMarkerSets *sets)
{
  TerranePythonTarget other = *target;
  gboolean first = FALSE;
  if (strstr (marker, "full_version") == NULL && strstr (marker, "implementation_version") == NULL)
    return FALSE;
  for (other.python_patch = 0; other.python_patch <= MAX_PATCH; other.python_patch++)
    {
      gboolean holds = FALSE;
      if (!(sets != NULL ? terrane_marker_evaluate_in_lock (marker, &other, sets, &holds, NULL)
                         : terrane_marker_evaluate (marker, &other, NULL, &holds, NULL)))
        return FALSE;
      if (other.python_patch == 0)
        first = holds;
      else if (holds != first)
        return TRUE;
    }
  return FALSE;
}
