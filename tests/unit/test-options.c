/* The parser of options, and the tables of all commands. */
#include "builder/cli/command.h"
#include "builder/cli/option-help.h"
#include "builder/sandbox/sandbox.h"

#include "oci/reference.h"

#include "testing.h"

#include <string.h>

typedef struct
{
  gboolean flag, other;
  char *text, *word, *file, *platform, *optional, *attached, *elsewhere;
  char **list;
  unsigned count;
  uint64_t duration, size;
  TerraneChoice boolean;
  TerraneSandboxKind sandbox;
  GPtrArray *references;
} Values;

static const char *const *
colours (void)
{
  static const char *const words[] = { "red", "green", NULL };
  return words;
}

static gboolean
is_short (const char *value, GError **error)
{
  return strlen (value) < 5 || oci_throw (error, OCI_ERROR_FORMAT, "too long");
}

static gboolean
is_value (const char *word)
{
  return g_str_has_prefix (word, "to:");
}

#define TARGET(member) .target = offsetof (Values, member)

static const TerraneOption rows[] = {
  { .name = "flag", .letter = 'f', TARGET (flag), .help = "" },
  { .name = "other",
    .letter = 'o',
    TARGET (other),
    .help = "",
    .excludes = "flag",
    .needs = "text" },
  { .name = "text",
    .letter = 't',
    .kind = TERRANE_OPTION_TEXT,
    TARGET (text),
    .help = "",
    .metavar = "T",
    .check = is_short,
    .alias = "old-text" },
  { .name = "word",
    .kind = TERRANE_OPTION_WORD,
    TARGET (word),
    .help = "",
    .metavar = "W",
    .words = colours },
  { .name = "file", .kind = TERRANE_OPTION_FILE, TARGET (file), .help = "", .metavar = "F" },
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORM,
    TARGET (platform),
    .help = "",
    .metavar = "P" },
  { .name = "optional",
    .kind = TERRANE_OPTION_TEXT,
    TARGET (optional),
    .help = "",
    .metavar = "O",
    .takes = is_value },
  { .name = "attached",
    .kind = TERRANE_OPTION_TEXT,
    TARGET (attached),
    .help = "",
    .metavar = "A",
    .takes = terrane_option_takes_none },
  { .name = "list",
    .letter = 'l',
    .kind = TERRANE_OPTION_LIST,
    TARGET (list),
    .help = "",
    .metavar = "L" },
  { .name = "count",
    .letter = 'c',
    .kind = TERRANE_OPTION_COUNT,
    TARGET (count),
    .help = "",
    .metavar = "N",
    .initial = 6,
    .min = 1,
    .max = 64 },
  { .name = "duration",
    .kind = TERRANE_OPTION_DURATION,
    TARGET (duration),
    .help = "",
    .metavar = "TIME",
    .initial = 300000,
    .max = 900000 },
  { .name = "size",
    .kind = TERRANE_OPTION_SIZE,
    TARGET (size),
    .help = "",
    .metavar = "SIZE",
    .min = 1024,
    .max = UINT64_C (1) << 30 },
  { .name = "boolean",
    .kind = TERRANE_OPTION_BOOLEAN,
    TARGET (boolean),
    .help = "",
    .metavar = "B" },
  { .name = "sandbox",
    .kind = TERRANE_OPTION_SANDBOX,
    TARGET (sandbox),
    .help = "",
    .metavar = "S" },
  { .name = "reference",
    .kind = TERRANE_OPTION_REFERENCE,
    TARGET (references),
    .help = "",
    .metavar = "R" },
  { .name = "elsewhere",
    TARGET (elsewhere),
    .kind = TERRANE_OPTION_TEXT,
    .help = "",
    .metavar = "E",
    .scope = 2 },
  TERRANE_OPTION_END,
};

/* From words in one text. */
static gboolean
parse (const char *text, gboolean stop, Values *out, char ***out_arguments, GError **error)
{
  const TerraneOptionTable tables[] = { { .rows = rows, .into = out, .scopes = 1 },
                                        { .rows = NULL } };
  const TerraneOptionParser parser = { .tables = tables, .stop_at_argument = stop };
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  terrane_options_init (tables);
  return terrane_options_parse (&parser, words, out_arguments, error);
}

static void
clear (Values *values)
{
  const TerraneOptionTable tables[] = { { .rows = rows, .into = values }, { .rows = NULL } };
  terrane_options_clear (tables);
}

static void
assert_arguments (const char *text, gboolean stop, const char *want)
{
  Values values;
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok = parse (text, stop, &values, &arguments, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_autofree char *joined = g_strjoinv ("|", arguments);
  g_assert_cmpstr (joined, ==, want);
  clear (&values);
}

static void
test_values (void)
{
  Values values;
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;
  gboolean ok =
      parse ("-f --text one --word=green --file x/y --platform linux/aarch64 -l a --list=b -la "
             "-c3 --duration 2m --size 1.5KiB --boolean=false --sandbox podman "
             "--reference docker://h.example/a:1 --reference=docker://h.example/b",
             FALSE, &values, &arguments, &error);
  g_assert_no_error (error);
  g_assert_true (ok);
  g_assert_true (values.flag);
  g_assert_cmpstr (values.text, ==, "one");
  g_assert_cmpstr (values.word, ==, "green");
  g_assert_cmpstr (values.file, ==, "x/y");
  g_assert_cmpstr (values.platform, ==, "linux/arm64");
  g_autofree char *list = g_strjoinv ("|", values.list);
  g_assert_cmpstr (list, ==, "a|b|a");
  g_assert_cmpuint (values.count, ==, 3);
  g_assert_cmpuint (values.duration, ==, 120000);
  g_assert_cmpuint (values.size, ==, 1536);
  g_assert_cmpint (values.boolean, ==, TERRANE_CHOICE_FALSE);
  g_assert_cmpint (values.sandbox, ==, TERRANE_SANDBOX_PODMAN);
  g_assert_cmpuint (values.references->len, ==, 2);
  g_assert_cmpstr (((OciReference *) values.references->pdata[1])->repository, ==, "b");
  g_assert_cmpuint (g_strv_length (arguments), ==, 0);
  clear (&values);
}

static void
test_initial_values (void)
{
  Values values;
  g_auto (GStrv) arguments = NULL;
  memset (&values, 0xff, sizeof values);
  g_assert_true (parse ("x", FALSE, &values, &arguments, NULL));
  g_assert_false (values.flag);
  g_assert_null (values.text);
  g_assert_null (values.list);
  g_assert_null (values.references);
  g_assert_cmpuint (values.count, ==, 6);
  g_assert_cmpuint (values.duration, ==, 300000);
  g_assert_cmpuint (values.size, ==, 0);
  g_assert_cmpint (values.boolean, ==, TERRANE_CHOICE_MISSING);
  g_assert_cmpint (values.sandbox, ==, TERRANE_SANDBOX_BUBBLEWRAP);
  clear (&values);
}

static void
test_arguments (void)
{
  assert_arguments ("a -f b", FALSE, "a|b");
  assert_arguments ("-f a --text b c", FALSE, "a|c");
  assert_arguments ("a -- -f --nothing --", FALSE, "a|-f|--nothing|--");
  assert_arguments ("- -f -", FALSE, "-|-");
  assert_arguments ("--text -f a", FALSE, "a"); /* the value may begin with "-" */
  assert_arguments ("--text -- a", FALSE, "a");
  assert_arguments ("-f command -f --unknown", TRUE, "command|-f|--unknown");
  assert_arguments ("-f -- -f", TRUE, "-f");
}

static void
test_optional_values (void)
{
  static const struct
  {
    const char *text, *optional, *attached, *arguments;
  } cases[] = {
    { "--optional to:x a", "to:x", NULL, "a" },
    { "--optional a", "", NULL, "a" },
    { "--optional", "", NULL, "" },
    { "--optional=a b", "a", NULL, "b" },
    { "--optional= to:x", "", NULL, "to:x" },
    { "--attached to:x", NULL, "", "to:x" },
    { "--attached=x", NULL, "x", "" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Values values;
      g_auto (GStrv) arguments = NULL;
      g_test_message ("%s", cases[i].text);
      g_assert_true (parse (cases[i].text, FALSE, &values, &arguments, NULL));
      g_autofree char *joined = g_strjoinv ("|", arguments);
      g_assert_cmpstr (values.optional, ==, cases[i].optional);
      g_assert_cmpstr (values.attached, ==, cases[i].attached);
      g_assert_cmpstr (joined, ==, cases[i].arguments);
      clear (&values);
    }
}

static void
test_the_last_value_counts (void)
{
  Values values;
  g_auto (GStrv) arguments = NULL;
  g_assert_true (parse ("-t a --old-text=b -c 1 -c 2 --platform linux/amd64 --platform linux/arm64",
                        FALSE, &values, &arguments, NULL));
  g_assert_cmpstr (values.text, ==, "b");
  g_assert_cmpuint (values.count, ==, 2);
  g_assert_cmpstr (values.platform, ==, "linux/arm64");
  clear (&values);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text, *message;
  } cases[] = {
    { "--nothing", "unknown option ‘--nothing’; --help lists the options" },
    { "--nothing=x", "unknown option ‘--nothing’; --help lists the options" },
    { "--flagg", "unknown option ‘--flagg’; did you mean ‘--flag’?" },
    { "--elsewhere x", "--elsewhere is only taken before a command" },
    { "-x", "unknown option ‘-x’; --help lists the options" },
    { "-fx", "unknown option ‘-x’; --help lists the options" },
    { "--flag=x", "--flag takes no value" },
    { "--text", "--text: the value T is missing" },
    { "-t", "--text: the value T is missing" },
    { "--text seconds", "--text: too long" },
    { "--word blue", "--word: expected one of red, green, got ‘blue’" },
    { "--word gren", "--word: expected one of red, green, got ‘gren’; did you mean ‘green’?" },
    { "--count 0", "--count: expected a number from 1 to 64, got ‘0’" },
    { "--count 65", "--count: expected a number from 1 to 64, got ‘65’" },
    { "--count=-1", "--count: expected a number from 1 to 64, got ‘-1’" },
    { "--count 18446744073709551617", "--count: expected a number from 1 to 64, *" },
    { "--duration 901", "--duration: expected a duration from 1ms to 900s, got ‘901’" },
    { "--duration soon", "--duration: expected a duration such as *, got ‘soon’" },
    { "--size 1023B", "--size: expected a size from 1KiB to 1GiB, got ‘1023B’" },
    { "--size 2GiB", "--size: expected a size from 1KiB to 1GiB, got ‘2GiB’" },
    { "--size much", "--size: expected a size such as *, got ‘much’" },
    { "--boolean yes", "--boolean: expected true or false, got ‘yes’" },
    { "--platform nonsense", "--platform: *‘nonsense’*" },
    { "--sandbox jail", "--sandbox: expected bubblewrap, podman or none, got ‘jail’" },
    { "--reference a", "--reference: *docker://*" },
    { "--reference oci:a", "--reference: *docker://*" },
    { "-t a -o -f", "--other and --flag exclude each other" },
    { "-o", "--other requires --text" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Values values;
      g_auto (GStrv) arguments = NULL;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", cases[i].text);
      g_assert_false (parse (cases[i].text, FALSE, &values, &arguments, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, cases[i].message);
      g_assert_null (arguments);
      clear (&values);
    }
}

static void
test_a_group_needs_an_option (void)
{
  static const TerraneOption mine[] = { { .name = "mine", .help = "" }, TERRANE_OPTION_END };
  Values values;
  gboolean own = FALSE;
  const TerraneOptionTable tables[] = { { .rows = mine, .into = &own, .needs = "flag" },
                                        { .rows = rows, .into = &values },
                                        { .rows = NULL } };
  const TerraneOptionParser parser = { .tables = tables };
  g_autoptr (GError) error = NULL;
  char *alone[] = { (char *) "--mine", NULL };
  char *both[] = { (char *) "--mine", (char *) "--flag", NULL };
  g_auto (GStrv) arguments = NULL;
  terrane_options_init (tables);
  g_assert_false (terrane_options_parse (&parser, alone, &arguments, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "--mine requires --flag");
  g_assert_true (terrane_options_parse (&parser, both, &arguments, NULL));
  g_assert_true (own);
}

/* The tables of all commands. */

static void
check_name (const TerraneCommand *command, GHashTable *names, const char *name)
{
  g_autofree char *whole = g_strdup_printf ("%s --%s", command->name, name);
  g_test_message ("%s", whole);
  g_assert_true (g_regex_match_simple ("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", name, 0, 0));
  g_assert_true (g_hash_table_add (names, g_strdup (name)));
}

static void
check_row (const TerraneCommand *command, GHashTable *names, const TerraneOption *row)
{
  check_name (command, names, row->name);
  if (row->letter != 0)
    {
      char letter[] = { row->letter, '\0' };
      g_assert_true (g_hash_table_add (names, g_strdup (letter)));
    }
  g_assert_cmpint (terrane_option_has_value (row), ==, row->metavar != NULL);
  g_assert_cmpint (row->kind == TERRANE_OPTION_WORD || row->kind == TERRANE_OPTION_SANDBOX, ==,
                   row->words != NULL);
  gboolean number = row->kind == TERRANE_OPTION_COUNT || row->kind == TERRANE_OPTION_DURATION
                    || row->kind == TERRANE_OPTION_SIZE;
  g_assert_cmpint (number, ==, row->max > 0);
  g_assert_cmpuint (row->min, <=, row->max);
  if (row->initial != 0)
    g_assert_true (row->initial >= row->min && row->initial <= row->max);
  if (row->help != NULL)
    {
      g_assert_cmpuint (strlen (row->help), >, 5);
      g_assert_false (g_str_has_suffix (row->help, "."));
    }
}

static gboolean
offers (const TerraneOptionTable *tables, const char *name)
{
  for (const TerraneOptionTable *table = tables; table->rows != NULL; table++)
    for (const TerraneOption *row = table->rows; row->name != NULL; row++)
      if (g_str_equal (row->name, name))
        return terrane_option_table_offers (table, row);
  return FALSE;
}

static void
check_others (const TerraneOptionTable *tables, const char *names)
{
  g_auto (GStrv) list = g_strsplit (names != NULL ? names : "", " ", -1);
  for (char **name = list; *name != NULL; name++)
    g_assert_true (offers (tables, *name));
}

/* No two values share a place. */
static void
check_places (const TerraneOptionTable *table, const TerraneOption *row, GHashTable *places)
{
  char *place = (char *) table->into + row->target;
  g_assert_true (g_hash_table_add (places, place));
}

static void
test_tables (void)
{
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      TerraneGlobal global = { 0 };
      g_autofree char *options = g_malloc0 (MAX ((*command)->size, 1U));
      g_autofree TerraneOptionTable *tables = terrane_command_tables (*command, &global, options);
      g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
      g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);
      for (const TerraneOptionTable *table = tables; table->rows != NULL; table++)
        for (const TerraneOption *row = table->rows; row->name != NULL; row++)
          {
            check_row (*command, names, row);
            check_places (table, row, places);
            check_others (tables, row->excludes);
            check_others (tables, row->needs);
            check_others (tables, table->needs);
            if (table->into != &global)
              g_assert_cmpuint (row->target, <, (*command)->size);
          }
      g_assert_true (offers (tables, "json"));
      g_assert_true (offers (tables, "help"));
      g_assert_false (offers (tables, "version"));
    }
}

static void
test_commands (void)
{
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      g_test_message ("%s", (*command)->name);
      g_assert_true (terrane_command_find ((*command)->name) == *command);
      g_assert_nonnull ((*command)->run);
      g_assert_cmpuint ((*command)->min, <=, (*command)->max);
      g_assert_cmpint ((*command)->max > 0, ==, (*command)->operands[0] != TERRANE_OPERAND_NONE);
      g_assert_cmpint ((*command)->operands[0] == TERRANE_OPERAND_VERB, ==,
                       (*command)->verbs != NULL);
      g_assert_false (g_str_has_suffix ((*command)->summary, "."));
    }
  g_assert_null (terrane_command_find ("frobnicate"));
}

static void
check_help (const char *name, const char *help)
{
  g_auto (GStrv) lines = g_strsplit (help, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_test_message ("%s: %s", name, *line);
      g_assert_cmpint (g_utf8_strlen (*line, -1), <=, 80);
      g_assert_false (g_str_has_suffix (*line, " "));
    }
}

static void
test_help_is_narrow (void)
{
  TerraneGlobal global = { 0 };
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      g_autofree TerraneOptionTable *tables = terrane_command_tables (*command, &global, NULL);
      g_autofree char *help = terrane_option_help_command (*command, tables);
      check_help ((*command)->name, help);
    }
  const TerraneOptionTable tables[] = { { .rows = terrane_global_options, .scopes = ~0U },
                                        { .rows = NULL } };
  g_autofree char *help = terrane_option_help_program (tables);
  check_help ("terrane", help);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/options/values", test_values);
  g_test_add_func ("/options/initial-values", test_initial_values);
  g_test_add_func ("/options/arguments", test_arguments);
  g_test_add_func ("/options/optional-values", test_optional_values);
  g_test_add_func ("/options/last-value", test_the_last_value_counts);
  g_test_add_func ("/options/refused", test_refused);
  g_test_add_func ("/options/group-needs", test_a_group_needs_an_option);
  g_test_add_func ("/options/tables", test_tables);
  g_test_add_func ("/options/commands", test_commands);
  g_test_add_func ("/options/help-is-narrow", test_help_is_narrow);
  return g_test_run ();
}
