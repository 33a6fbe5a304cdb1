#include "builder/cli/inspection.h"

void
terrane_inspection_arguments_clear (TerraneInspectionArguments *self)
{
  g_clear_pointer (&self->platform, g_free);
  terrane_remote_arguments_clear (&self->remote);
}

void
terrane_inspection_free (TerraneInspection *self)
{
  if (self == NULL)
    return;
  terrane_unpacked_free (self->unpacked);
  terrane_open_image_free (self->image);
  terrane_remote_free (self->remote);
  terrane_terminal_free (self->terminal);
  terrane_store_free (self->store);
  g_free (self);
}

TerraneInspection *
terrane_inspection_new (TerraneGlobal *global, const char *command, const char *name,
                        const TerraneInspectionArguments *arguments, GError **error)
{
  TerraneRemoteOptions options = { .jobs = TERRANE_REMOTE_JOBS };
  if (!terrane_remote_arguments_parse (&arguments->remote, global, command, &options, error))
    return NULL;
  g_autoptr (TerraneInspection) self = g_new0 (TerraneInspection, 1);
  self->store = terrane_command_open_store (global, TERRANE_STORE_SHARED, error);
  if (self->store == NULL)
    return NULL;
  self->terminal = terrane_terminal_new (&global->output);
  options.progress = terrane_terminal_progress (self->terminal);
  self->remote = terrane_remote_new (self->store, &options);
  self->image = terrane_transfer_open_image (self->remote, name, arguments->platform, error);
  if (self->image == NULL || !terrane_transfer_import (self->remote, self->image, error))
    return NULL;
  self->unpacked = terrane_unpack (self->store, self->image->manifest,
                                   MAX (g_get_num_processors (), 1U), options.progress, error);
  return self->unpacked != NULL ? g_steal_pointer (&self) : NULL;
}
