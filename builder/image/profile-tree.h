/* Makes the trees of a profile from all kinds of sources, including images, which need a remote. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

/** Digests what the tree of an image depends on besides how it is read. @digest: of its manifest */
OciDigest terrane_image_tree_identity (const TerraneSourceContext *context,
                                       const TerraneSourceSpec *spec, const OciDigest *digest);

/**
 * terrane_profile_tree_make:
 * @pin: of a tree of the profile in @context
 * @out_tree: (out caller-allocates)
 *
 * Makes a tree in the store unless it is there. From an image, its ‘paths’ and everything below
 * them are taken, with the same paths; no request is made if the lock pins the image and the tree
 * is known.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_IO_ERROR (from libostree).
 */
gboolean terrane_profile_tree_make (const TerraneSourceContext *context, TerranePin *pin,
                                    TerraneSourceTree *out_tree, GError **error);

G_END_DECLS
