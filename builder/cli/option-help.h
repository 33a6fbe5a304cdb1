/* Formats --help from the tables of options. */
#pragma once

#include "builder/cli/command.h"

G_BEGIN_DECLS

enum
{
  TERRANE_HELP_WIDTH = 80, /* columns */
};

/** Returns: (transfer full): help of a command. @tables: its options */
char *terrane_option_help_command (const TerraneCommand *command, const TerraneOptionTable *tables);

/** Returns: (transfer full): help of terrane itself. @tables: the options before a command */
char *terrane_option_help_program (const TerraneOptionTable *tables);

G_END_DECLS
