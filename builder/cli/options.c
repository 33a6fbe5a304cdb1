#include "builder/cli/options.h"

#include "builder/cli/habits.h"
#include "builder/cli/reference.h"
#include "builder/sandbox/sandbox.h"

#include "oci/base/json.h"
#include "oci/base/number.h"
#include "oci/base/suggest.h"
#include "oci/platform.h"

#include <string.h>

/* A row with its table. */
typedef struct
{
  const TerraneOption *row;
  const TerraneOptionTable *table;
} Found;

typedef struct
{
  const TerraneOptionTable *tables;
  const char *command; /* (nullable) */
  GArray *given;       /* of Found */
  GPtrArray *arguments;
  char **next; /* the next word */
} Parsing;

gboolean
terrane_option_has_value (const TerraneOption *self)
{
  return self->kind != TERRANE_OPTION_FLAG;
}

gboolean
terrane_option_is_repeatable (const TerraneOption *self)
{
  return self->kind == TERRANE_OPTION_LIST || self->kind == TERRANE_OPTION_FILES
         || self->kind == TERRANE_OPTION_REFERENCE;
}

gboolean
terrane_option_takes_none (G_GNUC_UNUSED const char *word)
{
  return FALSE;
}

gboolean
terrane_option_table_offers (const TerraneOptionTable *table, const TerraneOption *row)
{
  return row->scope == 0 || (table->scopes & row->scope) != 0;
}

static void *
target_of (const TerraneOptionTable *table, const TerraneOption *row)
{
  return (char *) table->into + row->target;
}

static void
init_value (const TerraneOption *row, void *target)
{
  switch (row->kind)
    {
    case TERRANE_OPTION_FLAG:
      *(gboolean *) target = FALSE;
      break;
    case TERRANE_OPTION_COUNT:
      *(unsigned *) target = (unsigned) row->initial;
      break;
    case TERRANE_OPTION_DURATION:
    case TERRANE_OPTION_SIZE:
      *(uint64_t *) target = row->initial;
      break;
    case TERRANE_OPTION_BOOLEAN:
      *(TerraneChoice *) target = TERRANE_CHOICE_MISSING;
      break;
    case TERRANE_OPTION_SANDBOX:
      *(TerraneSandboxKind *) target = TERRANE_SANDBOX_BUBBLEWRAP;
      break;
    case TERRANE_OPTION_REFERENCE:
      *(GPtrArray **) target = NULL;
      break;
    case TERRANE_OPTION_LIST:
    case TERRANE_OPTION_FILES:
      *(char ***) target = NULL;
      break;
    case TERRANE_OPTION_TEXT:
    case TERRANE_OPTION_WORD:
    case TERRANE_OPTION_FILE:
    case TERRANE_OPTION_DIRECTORY:
    case TERRANE_OPTION_PLATFORM:
    case TERRANE_OPTION_PLATFORMS:
    default:
      *(char **) target = NULL;
      break;
    }
}

static void
clear_value (const TerraneOption *row, void *target)
{
  switch (row->kind)
    {
    case TERRANE_OPTION_LIST:
    case TERRANE_OPTION_FILES:
      g_clear_pointer ((char ***) target, g_strfreev);
      break;
    case TERRANE_OPTION_REFERENCE:
      g_clear_pointer ((GPtrArray **) target, g_ptr_array_unref);
      break;
    case TERRANE_OPTION_TEXT:
    case TERRANE_OPTION_WORD:
    case TERRANE_OPTION_FILE:
    case TERRANE_OPTION_DIRECTORY:
    case TERRANE_OPTION_PLATFORM:
    case TERRANE_OPTION_PLATFORMS:
      g_clear_pointer ((char **) target, g_free);
      break;
    case TERRANE_OPTION_FLAG:
    case TERRANE_OPTION_COUNT:
    case TERRANE_OPTION_DURATION:
    case TERRANE_OPTION_SIZE:
    case TERRANE_OPTION_BOOLEAN:
    case TERRANE_OPTION_SANDBOX:
    default:
      break;
    }
}

static void
for_each (const TerraneOptionTable *tables, void (*func) (const TerraneOption *row, void *target))
{
  for (; tables->rows != NULL; tables++)
    for (const TerraneOption *row = tables->rows; row->name != NULL; row++)
      func (row, target_of (tables, row));
}

void
terrane_options_init (const TerraneOptionTable *tables)
{
  for_each (tables, init_value);
}

void
terrane_options_clear (const TerraneOptionTable *tables)
{
  for_each (tables, clear_value);
}

static gboolean
read_word (const TerraneOption *row, const char *value, GError **error)
{
  const char *const *words = row->words ();
  if (g_strv_contains (words, value))
    return TRUE;
  g_autofree char *quoted = oci_quote (value);
  g_autofree char *all = g_strjoinv (", ", (char **) words);
  g_autofree char *hint = oci_did_you_mean (value, words);
  return oci_throw (error, OCI_ERROR_USAGE, "expected %s%s, got %s%s",
                    words[1] != NULL ? "one of " : "", all, quoted, hint);
}

static gboolean
read_count (const TerraneOption *row, const char *value, unsigned *out, GError **error)
{
  uint64_t number = 0;
  g_autofree char *quoted = oci_quote (value);
  if (!oci_parse_u64 (value, row->max, &number, NULL) || number < row->min)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "expected a number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                      ", got %s",
                      row->min, row->max, quoted);
  *out = (unsigned) number;
  return TRUE;
}

static gboolean
read_size (const TerraneOption *row, const char *value, uint64_t *out, GError **error)
{
  if (!oci_parse_size (value, out, error))
    return FALSE;
  if (*out >= row->min && *out <= row->max)
    return TRUE;
  g_autofree char *quoted = oci_quote (value);
  g_autofree char *min = oci_write_size (row->min);
  g_autofree char *max = oci_write_size (row->max);
  return oci_throw (error, OCI_ERROR_USAGE, "expected a size from %s to %s, got %s", min, max,
                    quoted);
}

static gboolean
read_boolean (const char *value, TerraneChoice *out, GError **error)
{
  g_autofree char *quoted = oci_quote (value);
  if (strcmp (value, "true") != 0 && strcmp (value, "false") != 0)
    return oci_throw (error, OCI_ERROR_USAGE, "expected true or false, got %s", quoted);
  *out = value[0] == 't' ? TERRANE_CHOICE_TRUE : TERRANE_CHOICE_FALSE;
  return TRUE;
}

static gboolean
read_platform (const char *value, char **out, GError **error)
{
  OciPlatform platform;
  if (!oci_platform_parse (value, &platform, error))
    return FALSE;
  g_free (*out);
  *out = oci_platform_text (&platform);
  return TRUE;
}

static gboolean
read_platforms (const char *value, char **out, GError **error)
{
  g_auto (GStrv) names = g_strsplit (value, ",", -1);
  if (strcmp (value, TERRANE_PLATFORMS_ALL) == 0 || names[0] == NULL || names[1] == NULL)
    {
      g_free (*out);
      *out = g_strdup (value);
      return strcmp (value, TERRANE_PLATFORMS_ALL) == 0 || read_platform (value, out, error);
    }
  for (char **name = names; *name != NULL; name++)
    {
      if (!read_platform (*name, name, error))
        return FALSE;
      for (char **other = names; other < name; other++)
        if (strcmp (*other, *name) == 0)
          return oci_throw (error, OCI_ERROR_USAGE, "%s is named twice", *name);
    }
  g_free (*out);
  *out = g_strjoinv (",", names);
  return TRUE;
}

static gboolean
read_reference (const char *value, GPtrArray **out, GError **error)
{
  OciReference *reference = terrane_reference_parse_source (value, error);
  if (reference == NULL)
    return FALSE;
  if (*out == NULL)
    *out = g_ptr_array_new_with_free_func ((GDestroyNotify) oci_reference_free);
  g_ptr_array_add (*out, reference);
  return TRUE;
}

static void
append_word (char ***list, const char *value)
{
  guint length = *list != NULL ? g_strv_length (*list) : 0;
  *list = g_renew (char *, *list, length + 2);
  (*list)[length] = g_strdup (value);
  (*list)[length + 1] = NULL;
}

static void
set_text (char **target, const char *value)
{
  g_free (*target);
  *target = g_strdup (value);
}

static gboolean
convert (const TerraneOption *row, void *target, const char *value, GError **error)
{
  switch (row->kind)
    {
    case TERRANE_OPTION_FLAG:
      *(gboolean *) target = TRUE;
      return TRUE;
    case TERRANE_OPTION_COUNT:
      return read_count (row, value, target, error);
    case TERRANE_OPTION_DURATION:
      return oci_parse_duration (value, row->max, target, error);
    case TERRANE_OPTION_SIZE:
      return read_size (row, value, target, error);
    case TERRANE_OPTION_BOOLEAN:
      return read_boolean (value, target, error);
    case TERRANE_OPTION_PLATFORM:
      return read_platform (value, target, error);
    case TERRANE_OPTION_PLATFORMS:
      return read_platforms (value, target, error);
    case TERRANE_OPTION_SANDBOX:
      return terrane_sandbox_kind_parse (value, target, error);
    case TERRANE_OPTION_REFERENCE:
      return read_reference (value, target, error);
    case TERRANE_OPTION_LIST:
    case TERRANE_OPTION_FILES:
      append_word (target, value);
      return TRUE;
    case TERRANE_OPTION_WORD:
      set_text (target, value);
      return read_word (row, value, error);
    case TERRANE_OPTION_TEXT:
    case TERRANE_OPTION_FILE:
    case TERRANE_OPTION_DIRECTORY:
    default:
      set_text (target, value);
      return TRUE;
    }
}

/* A wrong value of an option is a usage error, whatever its own error is. */
static gboolean
apply (Parsing *self, const Found *found, const char *value, GError **error)
{
  const TerraneOption *row = found->row;
  g_autoptr (GError) local = NULL;
  if ((value == NULL || row->check == NULL || row->check (value, &local))
      && convert (row, target_of (found->table, row), value, &local))
    {
      g_array_append_val (self->given, *found);
      return TRUE;
    }
  return oci_throw (error, OCI_ERROR_USAGE, "--%s: %s", row->name, local->message);
}

static gboolean
is_name (const TerraneOption *row, const char *name)
{
  return strcmp (row->name, name) == 0;
}

static gboolean
is_alias (const TerraneOption *row, const char *name)
{
  return g_strcmp0 (row->alias, name) == 0;
}

static gboolean
is_letter (const TerraneOption *row, const char *letter)
{
  return row->letter == *letter;
}

static gboolean
find (const Parsing *self, gboolean (*matches) (const TerraneOption *row, const char *name),
      const char *name, Found *out)
{
  for (const TerraneOptionTable *table = self->tables; table->rows != NULL; table++)
    for (const TerraneOption *row = table->rows; row->name != NULL; row++)
      if (terrane_option_table_offers (table, row) && matches (row, name))
        {
          *out = (Found){ .row = row, .table = table };
          return TRUE;
        }
  return FALSE;
}

/* Returns terrane's name for an option of docker and podman. @names: ended by %NULL */
static const char *
find_synonym (const char *name, const GPtrArray *names)
{
  static const char *const synonyms[][2] = { { "volume", "mount" }, { "net", "network" } };
  for (size_t i = 0; i < G_N_ELEMENTS (synonyms); i++)
    if (strcmp (name, synonyms[i][0]) == 0
        && g_strv_contains ((const char *const *) names->pdata, synonyms[i][1]))
      return synonyms[i][1];
  return NULL;
}

static gboolean
fail_unknown (const Parsing *self, const char *word, const char *name, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autofree char *quoted = oci_quote (word);
  for (const TerraneOptionTable *table = self->tables; table->rows != NULL; table++)
    for (const TerraneOption *row = table->rows; row->name != NULL; row++)
      if (!terrane_option_table_offers (table, row)
          && (name != NULL ? is_name (row, name) : is_letter (row, word + 1)))
        return oci_throw (error, OCI_ERROR_USAGE, "%s is only taken before a command", word);
      else if (row->help != NULL && terrane_option_table_offers (table, row))
        g_ptr_array_add (names, (gpointer) row->name);
  g_ptr_array_add (names, NULL);
  const char *advice = terrane_habit_option (self->command, word);
  if (advice != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "unknown option %s: %s; --help lists the options",
                      quoted, advice);
  const char *nearest = name != NULL ? find_synonym (name, names) : NULL;
  if (nearest == NULL && name != NULL)
    nearest = oci_nearest_word (name, (const char *const *) names->pdata);
  g_autofree char *meant = nearest != NULL ? g_strconcat ("--", nearest, NULL) : NULL;
  g_autofree char *hint = oci_suggest (meant);
  return oci_throw (error, OCI_ERROR_USAGE, "unknown option %s%s", quoted,
                    meant != NULL ? hint : "; --help lists the options");
}

/* @value: (nullable): the rest of the word */
static gboolean
read_option (Parsing *self, const Found *found, const char *value, GError **error)
{
  const TerraneOption *row = found->row;
  if (!terrane_option_has_value (row) || value != NULL)
    return apply (self, found, value, error);
  if (row->takes != NULL && (*self->next == NULL || !row->takes (*self->next)))
    return apply (self, found, "", error);
  if (*self->next == NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "--%s: the value %s is missing", row->name,
                      row->metavar);
  return apply (self, found, *self->next++, error);
}

/* "--name", "--name=value" */
static gboolean
read_long (Parsing *self, const char *word, GError **error)
{
  Found found;
  const char *equals = strchr (word, '=');
  g_autofree char *name =
      equals != NULL ? g_strndup (word + 2, (gsize) (equals - word - 2)) : g_strdup (word + 2);
  g_autofree char *shown = g_strconcat ("--", name, NULL);
  if (!find (self, is_name, name, &found) && !find (self, is_alias, name, &found))
    return fail_unknown (self, shown, name, error);
  if (equals != NULL && !terrane_option_has_value (found.row))
    return oci_throw (error, OCI_ERROR_USAGE, "--%s takes no value", found.row->name);
  return read_option (self, &found, equals != NULL ? equals + 1 : NULL, error);
}

/* "-q", "-qv", "-j4" */
static gboolean
read_short (Parsing *self, const char *word, GError **error)
{
  for (const char *letter = word + 1; *letter != '\0'; letter++)
    {
      Found found;
      const char shown[] = { '-', *letter, '\0' };
      if (!find (self, is_letter, letter, &found))
        return fail_unknown (self, (*letter & 0x80) != 0 ? word : shown, NULL, error);
      gboolean value = terrane_option_has_value (found.row);
      if (!read_option (self, &found, value && letter[1] != '\0' ? letter + 1 : NULL, error))
        return FALSE;
      if (value)
        break;
    }
  return TRUE;
}

static gboolean
is_given (const Parsing *self, const char *name)
{
  for (guint i = 0; i < self->given->len; i++)
    if (is_name (g_array_index (self->given, Found, i).row, name))
      return TRUE;
  return FALSE;
}

static gboolean
check_needs (const Parsing *self, const TerraneOption *row, const char *needs, GError **error)
{
  return needs == NULL || is_given (self, needs)
         || oci_throw (error, OCI_ERROR_USAGE, "--%s requires --%s", row->name, needs);
}

static gboolean
check_together (const Parsing *self, GError **error)
{
  for (guint i = 0; i < self->given->len; i++)
    {
      const Found *found = &g_array_index (self->given, Found, i);
      const char *excludes = found->row->excludes != NULL ? found->row->excludes : "";
      g_auto (GStrv) others = g_strsplit (excludes, " ", -1);
      for (char **other = others; *other != NULL; other++)
        if (is_given (self, *other))
          return oci_throw (error, OCI_ERROR_USAGE, "--%s and --%s exclude each other",
                            found->row->name, *other);
      if (!check_needs (self, found->row, found->row->needs, error)
          || !check_needs (self, found->row, found->table->needs, error))
        return FALSE;
    }
  return TRUE;
}

static void
take_rest (Parsing *self)
{
  for (; *self->next != NULL; self->next++)
    g_ptr_array_add (self->arguments, g_strdup (*self->next));
}

static gboolean
read_words (Parsing *self, gboolean stop_at_argument, GError **error)
{
  while (*self->next != NULL)
    {
      const char *word = *self->next;
      if (word[0] != '-' || word[1] == '\0')
        {
          if (stop_at_argument)
            take_rest (self);
          else
            g_ptr_array_add (self->arguments, g_strdup (*self->next++));
          continue;
        }
      self->next++;
      if (strcmp (word, "--") == 0)
        take_rest (self);
      else if (!(word[1] == '-' ? read_long (self, word, error) : read_short (self, word, error)))
        return FALSE;
    }
  return check_together (self, error);
}

/* Options for a whole pipeline can be set in the environment. */
static gboolean
read_environment (const TerraneOptionTable *tables, GError **error)
{
  const char *value = g_getenv (TERRANE_OPTION_SANDBOX_VARIABLE);
  OCI_PREFIX (error, TERRANE_OPTION_SANDBOX_VARIABLE);
  for (; value != NULL && value[0] != '\0' && tables->rows != NULL; tables++)
    for (const TerraneOption *row = tables->rows; row->name != NULL; row++)
      if (row->kind == TERRANE_OPTION_SANDBOX
          && !terrane_sandbox_kind_parse (value, target_of (tables, row), error))
        return FALSE;
  return TRUE;
}

gboolean
terrane_options_parse (const TerraneOptionParser *self, char **words, char ***out_arguments,
                       GError **error)
{
  if (!read_environment (self->tables, error))
    return FALSE;
  g_autoptr (GArray) given = g_array_new (FALSE, FALSE, sizeof (Found));
  GPtrArray *arguments = g_ptr_array_new ();
  Parsing parsing = { .tables = self->tables,
                      .command = self->command,
                      .given = given,
                      .arguments = arguments,
                      .next = words };
  gboolean ok = read_words (&parsing, self->stop_at_argument, error);
  g_ptr_array_add (arguments, NULL);
  g_auto (GStrv) list = (char **) g_ptr_array_free (arguments, FALSE);
  if (ok)
    *out_arguments = g_steal_pointer (&list);
  return ok;
}
