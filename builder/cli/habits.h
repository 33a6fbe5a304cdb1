/* Advice for users of docker, podman, pip and git: the terrane equivalents of what they type. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer none) (nullable): the commands that correspond to
 * @name of another tool, as a clause */
const char *terrane_habit_command (const char *name);

/**
 * terrane_habit_option:
 * @command: (nullable): the command with the option
 * @word: the option as typed, "-t" or "--tag=x"
 *
 * Returns: (transfer none) (nullable): what to do instead, as a clause
 */
const char *terrane_habit_option (const char *command, const char *word);

G_END_DECLS
