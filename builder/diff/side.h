/* One of two images to compare, with its files in the store. */
#pragma once

#include "builder/image/files.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneStore *store;           /* has the files and the layers */
  const TerraneOpenImage *image; /* with its configuration */
  const char *name;              /* as the user wrote it */
  TerraneImageFiles files;
  char **layer_names; /* by the layer number of nodes */
  char **trees;       /* likewise: the trees of the layers; for others the names of the layers */
} TerraneDiffSide;

/**
 * terrane_diff_side_init:
 * @self: (out): borrows @store, @image and @name; to be cleared by the caller, also after a failure
 *
 * Loads the files of an image.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_diff_side_init (TerraneDiffSide *self, TerraneStore *store,
                                 const TerraneOpenImage *image, const char *name, unsigned jobs,
                                 const TerraneProgress *progress, GError **error);
void terrane_diff_side_clear (TerraneDiffSide *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneDiffSide, terrane_diff_side_clear)

/** Returns: (transfer none): name of the layer that @node is from */
const char *terrane_diff_side_layer (const TerraneDiffSide *self, const TerraneNode *node);
/** Returns: (transfer none): likewise of its tree */
const char *terrane_diff_side_tree (const TerraneDiffSide *self, const TerraneNode *node);

/** Whether the layers of two images correspond by their positions: they have the same names. */
gboolean terrane_diff_sides_match (const TerraneDiffSide *a, const TerraneDiffSide *b);

G_END_DECLS
