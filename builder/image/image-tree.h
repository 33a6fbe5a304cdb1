/* Trees of all kinds: those made from images, which need a remote, and those that sources give. */
#pragma once

#include "builder/image/import.h"

G_BEGIN_DECLS

/** What the tree of an image depends on besides how it is read. @digest: of its manifest */
OciDigest terrane_image_tree_identity (const TerraneImport *import, const TerraneSourceSpec *spec,
                                       const OciDigest *digest);

/**
 * terrane_tree_resolve_any:
 * @pin: of a tree of the profile in @import
 * @out_tree: (out caller-allocates)
 *
 * Brings a tree into the store unless it is there. Of an image, what is at or below its ‘paths’ is
 * taken, with the paths that it has there; nothing is asked of anybody when the lock says which
 * image it is and the tree is known.
 */
gboolean terrane_tree_resolve_any (const TerraneImport *import, TerranePin *pin,
                                   TerraneStoredTree *out_tree, GError **error);

G_END_DECLS
