/* Adds recipes to the answers of `terrane why` about compiled files. */
#pragma once

#include "builder/facts/image-view.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * terrane_why_recipe_add:
 * @document: with its array "files"
 * @files: of TerraneNode: the same files in the same order
 *
 * Adds its recipe's name to each compiled file, and the recipes to @document.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_why_recipe_add (const TerraneImageView *view, json_t *document,
                                 const GPtrArray *files, GError **error);

/** Prints the recipes of such a document. @whole: also prints their sources and needs */
void terrane_why_recipe_print (const json_t *document, gboolean whole);

G_END_DECLS
