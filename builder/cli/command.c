#include "builder/cli/command.h"

#include "builder/cli/option-help.h"

#include "oci/base/json.h"

#include <string.h>
#include <sys/utsname.h>

#define GLOBAL(member) offsetof (TerraneGlobal, member)

const TerraneOption terrane_global_options[] = {
  { .name = "store",
    .kind = TERRANE_OPTION_DIRECTORY,
    .target = GLOBAL (store),
    .metavar = "DIR",
    .scope = TERRANE_SCOPE_STORE,
    .help = "The store to use (default $TERRANE_STORE, else $XDG_DATA_HOME/terrane)" },
  { .name = "offline",
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (offline),
    .scope = TERRANE_SCOPE_NETWORK,
    .help = "Make no connection to anywhere" },
  { .name = "json",
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (output.json),
    .help = "Print one JSON document on standard output" },
  { .name = "quiet",
    .letter = 'q',
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (output.quiet),
    .scope = TERRANE_SCOPE_PROGRESS,
    .help = "No progress" },
  { .name = "verbose",
    .letter = 'v',
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (output.verbose),
    .scope = TERRANE_SCOPE_PROGRESS,
    .help = "Say more" },
  { .name = "version",
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (version),
    .scope = TERRANE_SCOPE_START,
    .help = "Show versions and exit" },
  { .name = "help",
    .letter = 'h',
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (help),
    .help = "Show this help" },
  /* For completion: not in the help. */
  { .name = "list-commands",
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (list_commands),
    .scope = TERRANE_SCOPE_START },
  { .name = "list-images",
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (list_images),
    .scope = TERRANE_SCOPE_START },
  TERRANE_OPTION_END,
};

TerraneOptionTable *
terrane_command_tables (const TerraneCommand *self, TerraneGlobal *global, void *options)
{
  guint n = 0;
  while (self->options != NULL && self->options[n].rows != NULL)
    n++;
  TerraneOptionTable *tables = g_new0 (TerraneOptionTable, n + 2);
  for (guint i = 0; i < n; i++)
    tables[i] = (TerraneOptionTable){ .rows = self->options[i].rows,
                                      .into = (char *) options + self->options[i].offset,
                                      .needs = self->options[i].needs };
  tables[n] = (TerraneOptionTable){ .rows = terrane_global_options,
                                    .into = global,
                                    .scopes = self->scopes };
  return tables;
}

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

/* @own: the command's tables without the global one, whose values are there already */
static gboolean
parse_and_run (const TerraneCommand *self, TerraneGlobal *global, const TerraneOptionTable *tables,
               const void *options, char **words, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  const TerraneOptionParser parser = { .tables = tables };
  {
    OCI_PREFIX (error, "%s", self->name);
    if (!terrane_options_parse (&parser, words, &arguments, error))
      return FALSE;
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

const char *
terrane_host_platform (void)
{
  struct utsname name;
  return uname (&name) == 0 && strcmp (name.machine, "aarch64") == 0 ? "linux/arm64"
                                                                     : "linux/amd64";
}
