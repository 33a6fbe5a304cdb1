/* A tree as a document: everything that is known of it without the content of its files, which it
 * names by their objects. */
#pragma once

#include "builder/store/tree.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/** Returns: (transfer full): equal trees have equal listings */
GBytes *terrane_tree_listing_write (TerraneTree *tree);

/**
 * terrane_tree_listing_read:
 * @name: what to call it in messages
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_CORRUPT when it lists what a tree cannot hold
 */
TerraneTree *terrane_tree_listing_read (const char *name, GBytes *listing, GError **error);

G_END_DECLS
