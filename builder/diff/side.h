/* One of the two images that are compared, with its files as the store has them. */
#pragma once

#include "builder/image/files.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneStore *store;           /* that has the files and the layers */
  const TerraneOpenImage *image; /* with its configuration */
  const char *name;              /* as the user wrote it */
  TerraneImageFiles files;
  char **layer_names; /* by the layer number of nodes */
} TerraneDiffSide;

/** @self: (out): borrows @store, @image and @name; cleared by the caller, also after a failure */
gboolean terrane_diff_side_init (TerraneDiffSide *self, TerraneStore *store,
                                 const TerraneOpenImage *image, const char *name, unsigned jobs,
                                 const TerraneProgress *progress, GError **error);
void terrane_diff_side_clear (TerraneDiffSide *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneDiffSide, terrane_diff_side_clear)

/** The name of the layer that @node is from. */
const char *terrane_diff_side_layer (const TerraneDiffSide *self, const TerraneNode *node);

G_END_DECLS
