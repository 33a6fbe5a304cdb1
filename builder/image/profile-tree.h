/* The trees of a profile, whatever their source: images, which need a remote, too. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

/** What the tree of an image depends on besides how it is read. @digest: of its manifest */
OciDigest terrane_image_tree_identity (const TerraneSourceContext *context,
                                       const TerraneSourceSpec *spec, const OciDigest *digest);

/**
 * terrane_profile_tree_make:
 * @pin: of a tree of the profile in @context
 * @out_tree: (out caller-allocates)
 *
 * Brings a tree into the store unless it is there. Of an image, what is at or below its ‘paths’ is
 * taken, with the paths that it has there; nothing is asked of anybody when the lock says which
 * image it is and the tree is known.
 */
gboolean terrane_profile_tree_make (const TerraneSourceContext *context, TerranePin *pin,
                                    TerraneSourceTree *out_tree, GError **error);

G_END_DECLS
