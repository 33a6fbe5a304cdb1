/* From words to a command's function. */
#pragma once

#include "builder/cli/command.h"

G_BEGIN_DECLS

/** Reads what is after the command's name, and runs it; or prints its help. */
gboolean terrane_command_dispatch (const TerraneCommand *self, TerraneGlobal *global, char **words,
                                   GError **error);

/** Prints a help text, with --json as a document. */
void terrane_command_print_help (const TerraneGlobal *global, const char *help);

G_END_DECLS
