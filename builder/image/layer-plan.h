/* Divides a tree of wheels into layers: the lock assigns packages to layers, and RECORD tells the
 * files of each package. */
#pragma once

#include "builder/source/pin.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

/* One layer. */
typedef struct
{
  char **packages;  /* (nullable): names of its packages, sorted; %NULL: all of the tree's */
  GPtrArray *paths; /* of char *: its content, sorted bytewise, with all parents */
} TerraneLayerPart;

void terrane_layer_part_free (TerraneLayerPart *self);

/**
 * terrane_layer_plan:
 * @assembled: the file system with the tree
 * @pin: of the tree
 * @paths: (transfer full): content of all layers of the tree
 * @max: number of layers, at least 1
 * @out_folded: (out): number of layers of the lock that were merged because of @max
 *
 * Assigns each path that is not a directory to one layer: bytecode to that of its source, files in
 * no package's RECORD to that of the other packages. Directories are in every layer that has
 * something below them, with the same attributes.
 *
 * Returns: (transfer full): of TerraneLayerPart, at least one unless @paths is empty
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
GPtrArray *terrane_layer_plan (TerraneStore *store, TerraneTree *assembled, const TerranePin *pin,
                               GPtrArray *paths, guint max, guint *out_folded, GError **error);

/** Makes one layer of all @paths. @paths: (transfer full). Returns: (transfer full) */
GPtrArray *terrane_layer_plan_whole (GPtrArray *paths);

/** Returns: (transfer full): the assignment, for keys */
json_t *terrane_layer_plan_key (const TerranePin *pin);

G_END_DECLS
