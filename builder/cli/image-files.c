#include "builder/cli/image-files.h"

void
terrane_inspection_free (TerraneInspection *self)
{
  if (self == NULL)
    return;
  terrane_image_files_clear (&self->files);
  g_strfreev (self->names);
  terrane_open_image_free (self->image);
  terrane_workbench_close (&self->bench);
  g_free (self);
}

TerraneInspection *
terrane_inspection_new (const TerraneGlobal *global, const char *name,
                        const TerraneInspectionArguments *arguments, GError **error)
{
  g_autoptr (TerraneInspection) self = g_new0 (TerraneInspection, 1);
  if (!terrane_workbench_open (global, &arguments->remote, 0, &self->bench, error))
    return NULL;
  const TerraneWorkbench *bench = &self->bench;
  self->image =
      terrane_workbench_open_image (bench, name, arguments->platform, TERRANE_IMAGE_LAYERS, error);
  if (self->image == NULL
      || !terrane_image_files (bench->store, self->image, TRUE, bench->jobs, bench->progress,
                               &self->files, error))
    return NULL;
  self->names = terrane_image_layer_names (self->image->manifest);
  return g_steal_pointer (&self);
}

TerraneImageView
terrane_inspection_view (const TerraneInspection *self)
{
  return terrane_image_files_view (&self->files, self->bench.store, self->image->config,
                                   self->names);
}
