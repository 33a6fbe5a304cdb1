/* What users of docker, podman, pip and git type, and what terrane has instead. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer none) (nullable): which commands do what @name does elsewhere, as a clause */
const char *terrane_habit_command (const char *name);

/**
 * terrane_habit_option:
 * @command: (nullable): the command that it was given to
 * @word: as it was typed, "-t" or "--tag=x"
 *
 * Returns: (transfer none) (nullable): what to do instead, as a clause
 */
const char *terrane_habit_option (const char *command, const char *word);

G_END_DECLS
