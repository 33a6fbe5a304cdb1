#include "builder/cli/dispatch.h"

#include "builder/cli/option-help.h"

#include "oci/base/json.h"

static gboolean
check_count (const TerraneCommand *self, char **arguments, GError **error)
{
  guint n = g_strv_length (arguments);
  g_autofree char *expected = g_strdelimit (g_strdup (self->arguments), "\n", '|');
  return (n >= self->min && n <= self->max)
         || oci_throw (
             error, OCI_ERROR_USAGE, "expected %s, got %u argument%s; see 'terrane %s --help'",
             expected[0] != '\0' ? expected : "no arguments", n, n == 1 ? "" : "s", self->name);
}

void
terrane_command_print_help (const TerraneGlobal *global, const char *help)
{
  if (!global->output.json)
    {
      terrane_print ("%s", help);
      return;
    }
  g_autoptr (OciJsonValue) document = json_object ();
  oci_json_set (document, "help", oci_json_text (help));
  terrane_print_json (document);
}

/* @own: the command's tables without the global one, which has been parsed already */
static gboolean
parse_and_run (const TerraneCommand *self, TerraneGlobal *global, const TerraneOptionTable *tables,
               const void *options, char **words, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  const TerraneOptionParser parser = { .tables = tables, .command = self->name };
  {
    OCI_PREFIX (error, "%s", self->name);
    if (!terrane_options_parse (&parser, words, &arguments, error))
      return FALSE;
    terrane_color_choose (global->color);
    global->parsed = TRUE;
    if (!global->help && !check_count (self, arguments, error))
      return FALSE;
  }
  if (!global->help)
    return self->run (global, options, arguments, error);
  g_autofree char *help = terrane_option_help_command (self, tables);
  terrane_command_print_help (global, help);
  return TRUE;
}

gboolean
terrane_command_dispatch (const TerraneCommand *self, TerraneGlobal *global, char **words,
                          GError **error)
{
  g_autofree void *options = g_malloc0 (MAX (self->size, 1U));
  g_autofree TerraneOptionTable *tables = terrane_command_tables (self, global, options);
  g_autofree TerraneOptionTable *own = terrane_command_tables (self, global, options);
  guint n = 0;
  while (own[n].rows != terrane_global_options)
    n++;
  own[n].rows = NULL;
  terrane_options_init (own);
  gboolean ok = parse_and_run (self, global, tables, options, words, error);
  terrane_options_clear (own);
  return ok;
}
