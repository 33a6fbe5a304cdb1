/* --help, from the tables of options. */
#pragma once

#include "builder/cli/command.h"

G_BEGIN_DECLS

enum
{
  TERRANE_HELP_WIDTH = 80, /* columns */
};

/** The help of a command. @tables: what it offers. Returns: (transfer full) */
char *terrane_option_help_command (const TerraneCommand *command, const TerraneOptionTable *tables);

/** The help of terrane itself. @tables: the options before a command. Returns: (transfer full) */
char *terrane_option_help_program (const TerraneOptionTable *tables);

G_END_DECLS
