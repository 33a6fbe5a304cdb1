/* Which layers a tree of wheels becomes: the lock assigns packages to layers, and RECORD says which
 * files are a package's. */
#pragma once

#include "builder/source/pin.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* One layer. */
typedef struct
{
  char **packages;  /* (nullable): names of the packages in it, sorted; %NULL: all of the tree's */
  GPtrArray *paths; /* of char *: what it carries, sorted as bytes, with all parents */
} TerraneLayerPart;

void terrane_layer_part_free (TerraneLayerPart *self);

/**
 * terrane_layer_plan:
 * @assembled: the file system with the tree
 * @pin: of the tree
 * @paths: (transfer full): what the layers of the tree carry together
 * @max: layers, at least 1
 * @out_folded: how many layers of the lock had to go into one because of @max
 *
 * Each path that is not a directory goes into one layer: bytecode into that of its source, what no
 * package's RECORD names into that of the other packages. Directories are in every layer that has
 * something below them, alike.
 *
 * Returns: (transfer full) (nullable): of TerraneLayerPart, at least one unless @paths is empty
 */
GPtrArray *terrane_layer_plan (TerraneStore *store, TerraneTree *assembled, const TerranePin *pin,
                               GPtrArray *paths, guint max, guint *out_folded, GError **error);

/** One layer of all @paths. @paths: (transfer full). Returns: (transfer full) */
GPtrArray *terrane_layer_plan_whole (GPtrArray *paths);

/** The assignment, for keys. Returns: (transfer full) */
json_t *terrane_layer_plan_key (const TerranePin *pin);

G_END_DECLS
