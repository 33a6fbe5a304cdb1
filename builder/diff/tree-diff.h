/* Compares the files of two images by the checksums of ostree's objects: directories that are the
 * same in both are skipped with everything in them. */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* One path. Both nodes are set if it exists in both images and differs. */
typedef struct
{
  char *path;     /* without the leading slash */
  TerraneNode *a; /* (nullable): of the tree of the same name */
  TerraneNode *b; /* (nullable) */
} TerraneDiffChange;

/* Location of an image's files. */
typedef struct
{
  TerraneStore *store;
  const OciDigest *commit;
} TerraneDiffRoot;

typedef struct
{
  TerraneTree *a, *b; /* only the nodes that differ, the directories above them, and files that
                         describe packages */
  GPtrArray *changes; /* of TerraneDiffChange, sorted by path */
  GPtrArray *dists_a; /* of TerraneNode: dist-info and egg-info next to nodes that differ, with
                         their content */
  GPtrArray *dists_b;
} TerraneTreeDiff;

/** Compares two commits, which may be in different stores. Returns: (transfer full). Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree). */
TerraneTreeDiff *terrane_tree_diff_new (const TerraneDiffRoot *a, const TerraneDiffRoot *b,
                                        GError **error);
void terrane_tree_diff_free (TerraneTreeDiff *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTreeDiff, terrane_tree_diff_free)

/** Adds @path of the commit to @tree, with everything below it; a missing path is not an error.
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_tree_diff_load (const TerraneDiffRoot *root, TerraneTree *tree, const char *path,
                                 GError **error);

/**
 * terrane_tree_diff_mark_layers:
 * @layers: of TerraneImageFiles
 *
 * Sets the layer number of the nodes of @tree, which is a part of the commit's tree.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_tree_diff_mark_layers (const TerraneDiffRoot *root, TerraneTree *tree,
                                        const json_t *layers, GError **error);

G_END_DECLS
