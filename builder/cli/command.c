#include "builder/cli/command.h"

#include <string.h>

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
    .help = "Make no network connections" },
  { .name = "json",
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (output.json),
    .help = "Print one JSON document on standard output" },
  { .name = "quiet",
    .letter = 'q',
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (output.quiet),
    .scope = TERRANE_SCOPE_PROGRESS,
    .help = "Do not show progress" },
  { .name = "verbose",
    .letter = 'v',
    .kind = TERRANE_OPTION_FLAG,
    .target = GLOBAL (output.verbose),
    .scope = TERRANE_SCOPE_PROGRESS,
    .help = "Print more messages" },
  { .name = "color",
    .kind = TERRANE_OPTION_WORD,
    .target = GLOBAL (color),
    .metavar = "WHEN",
    .words = terrane_color_words,
    .help = "auto (default): on a terminal, unless NO_COLOR is set; always or never" },
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
  char *into = options; /* (nullable): if only the names of options matter */
  TerraneOptionTable *tables = g_new0 (TerraneOptionTable, n + 2);
  for (guint i = 0; i < n; i++)
    tables[i] = (TerraneOptionTable){ .rows = self->options[i].rows,
                                      .into = into != NULL ? into + self->options[i].offset : NULL,
                                      .needs = self->options[i].needs,
                                      .title = self->options[i].title };
  tables[n] = (TerraneOptionTable){ .rows = terrane_global_options,
                                    .title = "Common options",
                                    .into = global,
                                    .scopes = self->scopes };
  return tables;
}
