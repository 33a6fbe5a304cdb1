/* The table of commands. */
#include "builder/cli/command.h"

#include <string.h>

/* In the order of --help. clang-format would fill the lines, so that a new command moves its
 * neighbours. */
/* clang-format off */
static const TerraneCommand *const commands[] = {
  &terrane_command_init,
  &terrane_command_add,
  &terrane_command_profile,
  &terrane_command_plan,
  &terrane_command_build,
  &terrane_command_lock,
  &terrane_command_check,
  &terrane_command_validate,
  &terrane_command_drift,
  &terrane_command_why,
  &terrane_command_diff,
  &terrane_command_report,
  &terrane_command_push,
  &terrane_command_pull,
  &terrane_command_copy,
  &terrane_command_deploy,
  &terrane_command_login,
  &terrane_command_logout,
  &terrane_command_inspect,
  &terrane_command_invoke,
  &terrane_command_serve,
  &terrane_command_run,
  &terrane_command_images,
  &terrane_command_tag,
  &terrane_command_rm,
  &terrane_command_gc,
  &terrane_command_fsck,
  &terrane_command_cache,
  &terrane_command_doctor,
  &terrane_command_completion,
  NULL,
};
/* clang-format on */

const TerraneCommand *const *
terrane_commands (void)
{
  return commands;
}

const TerraneCommand *
terrane_command_find (const char *name)
{
  for (const TerraneCommand *const *command = commands; *command != NULL; command++)
    if (strcmp ((*command)->name, name) == 0)
      return *command;
  return NULL;
}

const char *const *
terrane_command_names (void)
{
  static const char *names[G_N_ELEMENTS (commands)];
  for (size_t i = 0; commands[i] != NULL; i++)
    names[i] = commands[i]->name;
  return names;
}
