#include "builder/cli/option-help.h"

#include <string.h>

enum
{
  INDENT = 2,
  GAP = 2,
  MAX_LABEL = 26, /* columns: after a longer label, the text begins on the next line */
};

static glong
width_of (const char *text)
{
  return g_utf8_strlen (text, -1);
}

static void
pad (GString *out, glong columns)
{
  for (; columns > 0; columns--)
    g_string_append_c (out, ' ');
}

/* Adds words with line breaks at the width of the terminal; @column: where the first line begins,
 * @indent: where further lines begin. */
static void
wrap (GString *out, const char *text, glong column, glong indent)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  gboolean first = TRUE;
  for (char **word = words; *word != NULL; word++)
    {
      glong width = width_of (*word);
      if (!first && column + 1 + width > TERRANE_HELP_WIDTH)
        {
          g_string_append_c (out, '\n');
          pad (out, indent);
          column = indent;
        }
      else if (!first)
        {
          g_string_append_c (out, ' ');
          column++;
        }
      g_string_append (out, *word);
      column += width;
      first = FALSE;
    }
  g_string_append_c (out, '\n');
}

static void
wrap_paragraphs (GString *out, const char *text)
{
  g_auto (GStrv) paragraphs = g_strsplit (text, "\n", -1);
  for (char **paragraph = paragraphs; *paragraph != NULL; paragraph++)
    wrap (out, *paragraph, 0, 0);
}

/* "-j, --jobs=N" */
static char *
label_of (const TerraneOption *row)
{
  GString *label = g_string_new (NULL);
  if (row->letter != 0)
    g_string_append_printf (label, "-%c, ", row->letter);
  g_string_append_printf (label, "--%s", row->name);
  if (row->takes != NULL)
    g_string_append_printf (label, "[=%s]", row->metavar);
  else if (terrane_option_has_value (row))
    g_string_append_printf (label, "=%s", row->metavar);
  return g_string_free (label, FALSE);
}

static gboolean
is_shown (const TerraneOptionTable *table, const TerraneOption *row)
{
  return row->help != NULL && terrane_option_table_offers (table, row);
}

static void
add_option (GString *out, const TerraneOption *row, glong text_column)
{
  g_autofree char *label = label_of (row);
  glong width = INDENT + width_of (label);
  g_autofree char *help = terrane_option_is_repeatable (row)
                              ? g_strconcat (row->help, "; repeatable", NULL)
                              : g_strdup (row->help);
  pad (out, INDENT);
  g_string_append (out, label);
  if (width + GAP > text_column)
    {
      g_string_append_c (out, '\n');
      width = 0;
    }
  pad (out, text_column - width);
  wrap (out, help, text_column, text_column);
}

static void
add_options (GString *out, const TerraneOptionTable *tables)
{
  glong widest = 0;
  for (const TerraneOptionTable *table = tables; table->rows != NULL; table++)
    for (const TerraneOption *row = table->rows; row->name != NULL; row++)
      if (is_shown (table, row))
        {
          g_autofree char *label = label_of (row);
          glong width = width_of (label);
          widest = width <= MAX_LABEL ? MAX (widest, width) : widest;
        }
  const char *title = "Options", *shown = NULL;
  for (const TerraneOptionTable *table = tables; table->rows != NULL; table++)
    {
      title = table->title != NULL ? table->title : title;
      for (const TerraneOption *row = table->rows; row->name != NULL; row++)
        if (is_shown (table, row))
          {
            if (title != shown)
              g_string_append_printf (out, "%s%s:\n", shown != NULL ? "\n" : "", title);
            shown = title;
            add_option (out, row, INDENT + widest + GAP);
          }
    }
}

static void
add_examples (GString *out, const char *examples)
{
  g_auto (GStrv) lines = g_strsplit (examples, "\n", -1);
  g_string_append (out, lines[1] != NULL ? "\nExamples:\n" : "\nExample:\n");
  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf (out, "  terrane %s\n", *line);
}

char *
terrane_option_help_command (const TerraneCommand *command, const TerraneOptionTable *tables)
{
  GString *out = g_string_new ("Usage:\n");
  g_auto (GStrv) usages = g_strsplit (command->arguments, "\n", -1);
  for (guint i = 0; i == 0 || usages[i] != NULL; i++)
    {
      const char *arguments = usages[i] != NULL ? usages[i] : "";
      g_string_append_printf (out, "  terrane %s [OPTION…]%s%s\n", command->name,
                              arguments[0] != '\0' ? " " : "", arguments);
      if (usages[i] == NULL)
        break;
    }
  g_string_append_c (out, '\n');
  g_autofree char *summary = g_strconcat (command->summary, ".", NULL);
  wrap (out, summary, 0, 0);
  if (command->description != NULL)
    wrap_paragraphs (out, command->description);
  g_string_append_c (out, '\n');
  add_options (out, tables);
  if (command->examples != NULL)
    add_examples (out, command->examples);
  return g_string_free (out, FALSE);
}

char *
terrane_option_help_program (const TerraneOptionTable *tables)
{
  GString *out = g_string_new ("Usage: terrane [OPTION…] COMMAND [ARGUMENT…]\n\n");
  glong widest = 0;
  wrap (out,
        "Assembles OCI container images for AWS Lambda without a Dockerfile, a daemon or root.", 0,
        0);
  g_string_append (out, "\nCommands:\n");
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    widest = MAX (widest, width_of ((*command)->name));
  for (const TerraneCommand *const *command = terrane_commands (); *command != NULL; command++)
    {
      pad (out, INDENT);
      g_string_append (out, (*command)->name);
      pad (out, widest - width_of ((*command)->name) + GAP);
      wrap (out, (*command)->summary, INDENT + widest + GAP, INDENT + widest + GAP);
    }
  g_string_append_c (out, '\n');
  add_options (out, tables);
  g_string_append_c (out, '\n');
  wrap_paragraphs (
      out,
      "'terrane COMMAND --help' shows the options of a command, including those above that apply "
      "to it.\n"
      "\n"
      "IMAGE is NAME[:TAG] in the store, or one of oci:DIR[:TAG], oci-archive:FILE[:TAG], "
      "docker-archive:FILE[:NAME:TAG] and docker://HOST/REPOSITORY[:TAG][@DIGEST].\n"
      "TIME is a number of seconds or one with a unit: 500ms, 90s, 2m, 1h. SIZE is a number of "
      "MiB or one with a unit: 512MiB, 1.5GB.\n"
      "\n"
      "Exit codes: 0 done, 1 failed, 2 usage or invalid profile, 3 a check or the validation "
      "failed, 4 the lock is not up to date, or something moved, 130 interrupted.");
  return g_string_free (out, FALSE);
}
