#include "builder/cli/inspection.h"

void
terrane_inspection_free (TerraneInspection *self)
{
  if (self == NULL)
    return;
  terrane_unpacked_free (self->unpacked);
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
  self->image = terrane_transfer_open_image (bench->remote, name, arguments->platform, error);
  if (self->image == NULL || !terrane_transfer_import (bench->remote, self->image, error))
    return NULL;
  self->unpacked =
      terrane_unpack (bench->store, self->image->manifest, bench->jobs, bench->progress, error);
  return self->unpacked != NULL ? g_steal_pointer (&self) : NULL;
}
