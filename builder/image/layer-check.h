/* Whether the blob of a layer is what it is said to be. */
#pragma once

#include "builder/store/store.h"
#include "builder/store/tree.h"

#include "oci/descriptor.h"

G_BEGIN_DECLS

/**
 * terrane_layer_check_blob:
 * @layer: its blob is in the store
 * @diff_id: what it should unpack to
 * @assembled: the file system with this layer applied
 * @paths: what it should contain, sorted bytewise
 *
 * Unpacks a layer that another machine has made, and compares it with the layer that would be made
 * here: its entries with those of the tree, their contents with the digests of the objects, and the
 * whole tar with that of terrane's writer. No object needs to be in the store.
 *
 * Errors: %OCI_ERROR_CORRUPT if it is another one; %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_layer_check_blob (TerraneStore *store, const OciDescriptor *layer,
                                   const OciDigest *diff_id, TerraneTree *assembled,
                                   const GPtrArray *paths, GError **error);

G_END_DECLS
