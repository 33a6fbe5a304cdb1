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
  terrane_image_files_clear (&self->files);
  g_strfreev (self->names);
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
  self->image = terrane_transfer_open_image (self->remote, name, arguments->platform,
                                             TERRANE_IMAGE_LAYERS, error);
  if (self->image == NULL
      || !terrane_image_files (self->store, self->image, TRUE, terrane_command_default_jobs (),
                               options.progress, &self->files, error))
    return NULL;
  self->names = terrane_image_layer_names (self->image->manifest);
  return g_steal_pointer (&self);
}

TerraneImageView
terrane_inspection_view (const TerraneInspection *self)
{
  return terrane_image_files_view (&self->files, self->store, self->image->config, self->names);
}
