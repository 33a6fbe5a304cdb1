#include "builder/diff/side.h"

#include "builder/annotations.h"

/* Returns: (transfer full): the trees of the layers, for layers without one their names */
static char **
list_trees (const OciManifest *manifest, char *const *layer_names)
{
  char **trees = g_strdupv ((char **) layer_names);
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const char *tree =
          oci_descriptor_annotation (manifest->layers->pdata[i], TERRANE_ANNOTATION_TREE);
      if (tree == NULL)
        continue;
      g_free (trees[i + 1]);
      trees[i + 1] = g_strdup (tree);
    }
  return trees;
}

gboolean
terrane_diff_side_init (TerraneDiffSide *self, TerraneStore *store, const TerraneOpenImage *image,
                        const char *name, unsigned jobs, const TerraneProgress *progress,
                        GError **error)
{
  *self = (TerraneDiffSide){ .store = store, .image = image, .name = name };
  self->layer_names = terrane_image_layer_names (image->manifest);
  self->trees = list_trees (image->manifest, self->layer_names);
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
  g_clear_pointer (&self->trees, g_strfreev);
}

/* Returns the layer number of a node, 0 if it is invalid. */
static guint
number_of (const TerraneDiffSide *self, const TerraneNode *node)
{
  guint layer = (guint) MAX (node->layer, 0);
  return layer <= self->image->manifest->layers->len ? layer : 0;
}

const char *
terrane_diff_side_layer (const TerraneDiffSide *self, const TerraneNode *node)
{
  return self->layer_names[number_of (self, node)];
}

const char *
terrane_diff_side_tree (const TerraneDiffSide *self, const TerraneNode *node)
{
  return self->trees[number_of (self, node)];
}

gboolean
terrane_diff_sides_match (const TerraneDiffSide *a, const TerraneDiffSide *b)
{
  return g_strv_equal ((const char *const *) a->layer_names, (const char *const *) b->layer_names);
}
