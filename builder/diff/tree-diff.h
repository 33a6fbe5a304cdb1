/* What differs between the files of two images, found by the checksums of ostree's objects:
 * directories that both have are skipped with all that is below them. */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* One path. Both nodes are there when it is there in both images and differs. */
typedef struct
{
  char *path;     /* without a slash in front */
  TerraneNode *a; /* (nullable): of the tree of the same name */
  TerraneNode *b; /* (nullable) */
} TerraneDiffChange;

/* Where the files of an image are. */
typedef struct
{
  TerraneStore *store;
  const OciDigest *commit;
} TerraneDiffRoot;

typedef struct
{
  TerraneTree *a, *b; /* what differs, with the directories above, and what says which packages
                       * files are of: not more */
  GPtrArray *changes; /* of TerraneDiffChange, by path */
  GPtrArray *dists_a; /* of TerraneNode: dist-info and egg-info beside what differs, with what is
                       * in them */
  GPtrArray *dists_b;
} TerraneTreeDiff;

/** The commits may be of different stores. Returns: (transfer full) (nullable) */
TerraneTreeDiff *terrane_tree_diff_new (const TerraneDiffRoot *a, const TerraneDiffRoot *b,
                                        GError **error);
void terrane_tree_diff_free (TerraneTreeDiff *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTreeDiff, terrane_tree_diff_free)

/** Adds what is at @path of the commit to @tree, with all below it; nothing when there is nothing.
 */
gboolean terrane_tree_diff_load (const TerraneDiffRoot *root, TerraneTree *tree, const char *path,
                                 GError **error);

/**
 * terrane_tree_diff_mark_layers:
 * @layers: of TerraneImageFiles
 *
 * Gives the nodes of @tree, a part of the commit's, the layers that they are from.
 */
gboolean terrane_tree_diff_mark_layers (const TerraneDiffRoot *root, TerraneTree *tree,
                                        const json_t *layers, GError **error);

G_END_DECLS
