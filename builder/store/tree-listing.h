/* A tree as a document: everything except the content of its files, which are identified by their
 * objects. */
#pragma once

#include "builder/store/tree.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer full): the listing; equal trees have equal listings */
GBytes *terrane_tree_listing_write (TerraneTree *tree);

/**
 * terrane_tree_listing_read:
 * @name: name of the listing in messages
 *
 * Returns: (transfer full): the tree
 * Errors: %OCI_ERROR_CORRUPT if it lists what a tree cannot contain; %OCI_ERROR_FORMAT.
 */
TerraneTree *terrane_tree_listing_read (const char *name, GBytes *listing, GError **error);

G_END_DECLS
