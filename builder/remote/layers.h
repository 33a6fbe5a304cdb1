/* Layers of earlier images in registries, by their layer keys: used for --cache-from. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

typedef struct _TerraneRemoteLayers TerraneRemoteLayers;

/** Returns: (transfer full): an empty set */
TerraneRemoteLayers *terrane_remote_layers_new (void);
void terrane_remote_layers_free (TerraneRemoteLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRemoteLayers, terrane_remote_layers_free)

/**
 * terrane_remote_layers_add:
 * @platform: which image of an index to take
 * @out_missing: (out) (transfer full) (nullable): why there is no image
 *
 * Adds the layers of one image; the first of equal keys is used. Fetches only its documents. If the
 * image does not exist the build continues, with a warning if its tag or digest was specified. What
 * the image says about its layers is trusted.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_IO.
 */
gboolean terrane_remote_layers_add (TerraneRemoteLayers *self, TerraneRemote *remote,
                                    const OciReference *reference, const OciPlatform *platform,
                                    GError **out_missing, GError **error);

/** Adds one layer in @repository, replacing one with its key. @key: its text */
void terrane_remote_layers_add_one (TerraneRemoteLayers *self, const char *key,
                                    const OciDescriptor *layer, const OciDigest *diff_id,
                                    const OciReference *repository);

/**
 * terrane_remote_layers_find:
 * @out_diff_id: (out): of the layer
 * @out_of_image: (out): whether this information comes from an image
 *
 * Records the location of a layer that is found.
 *
 * Returns: (transfer full) (nullable): its descriptor, without annotations
 */
OciDescriptor *terrane_remote_layers_find (const TerraneRemoteLayers *self, TerraneStore *store,
                                           const OciDigest *key, OciDigest *out_diff_id,
                                           gboolean *out_of_image);

G_END_DECLS
