#include "builder/diff/side.h"

gboolean
terrane_diff_side_init (TerraneDiffSide *self, TerraneStore *store, const TerraneOpenImage *image,
                        const char *name, unsigned jobs, const TerraneProgress *progress,
                        GError **error)
{
  *self = (TerraneDiffSide){ .store = store, .image = image, .name = name };
  self->layer_names = terrane_image_layer_names (image->manifest);
  if (!terrane_image_files (store, image, FALSE, jobs, progress, &self->files, error))
    return FALSE;
  if (self->files.layers != NULL)
    return TRUE;
  /* They were read from the layers now, and are known to the store from here on. */
  terrane_image_files_clear (&self->files);
  return terrane_image_files (store, image, FALSE, jobs, progress, &self->files, error);
}

void
terrane_diff_side_clear (TerraneDiffSide *self)
{
  terrane_image_files_clear (&self->files);
  g_clear_pointer (&self->layer_names, g_strfreev);
}

const char *
terrane_diff_side_layer (const TerraneDiffSide *self, const TerraneNode *node)
{
  guint layer = (guint) MAX (node->layer, 0);
  return self->layer_names[layer <= self->image->manifest->layers->len ? layer : 0];
}
