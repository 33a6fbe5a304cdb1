/* Parses the words of a command line and runs the command's function. */
#pragma once

#include "builder/cli/command.h"

G_BEGIN_DECLS

/** Parses what follows the command's name, and runs it or prints its help. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED; those of the command. */
gboolean terrane_command_dispatch (const TerraneCommand *self, TerraneGlobal *global, char **words,
                                   GError **error);

/** Prints a help text, with --json as a document. */
void terrane_command_print_help (const TerraneGlobal *global, const char *help);

G_END_DECLS
