/* What `terrane why` says of files that were compiled. */
#pragma once

#include "builder/facts/image-view.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * terrane_why_recipe_add:
 * @document: with its array "files"
 * @files: of TerraneNode: the same in the same order
 *
 * Adds to each file that a recipe has made the recipe's name, and to @document the recipes.
 */
gboolean terrane_why_recipe_add (const TerraneImageView *view, json_t *document,
                                 const GPtrArray *files, GError **error);

/** @whole: also what they are made of */
void terrane_why_recipe_print (const json_t *document, gboolean whole);

G_END_DECLS
