/* Layers of earlier images in registries, by their layer keys: used for --cache-from. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

typedef struct _TerraneRemoteLayers TerraneRemoteLayers;

/**
 * terrane_remote_layers_new:
 * @remote: must outlive the set
 * @stay: (nullable): the registry whose layers may stay there, since the image goes there, too; for
 *   %NULL, layers are fetched
 *
 * Returns: (transfer full): an empty set
 */
TerraneRemoteLayers *terrane_remote_layers_new (TerraneRemote *remote, const char *stay);
void terrane_remote_layers_free (TerraneRemoteLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRemoteLayers, terrane_remote_layers_free)

/**
 * terrane_remote_layers_add:
 * @platform: which image of an index to take
 * @out_missing: (out) (transfer full) (nullable): why there is no image
 *
 * Adds the layers of one image; the first of equal keys is used. Fetches only its documents. If the
 * image does not exist the build continues, with a warning if its tag or digest was specified; also
 * if its documents are not valid.
 *
 * Errors: %OCI_ERROR_CANCELLED.
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

/**
 * terrane_remote_layers_peek:
 * @key: its text
 * @out_diff_id: (out): of the layer
 *
 * Like terrane_remote_layers_find(), without recording anything.
 *
 * Returns: (transfer none) (nullable): its descriptor
 */
const OciDescriptor *terrane_remote_layers_peek (const TerraneRemoteLayers *self, const char *key,
                                                 OciDigest *out_diff_id);

/** Whether layers are fetched, which one thread does at a time. */
gboolean terrane_remote_layers_fetches (const TerraneRemoteLayers *self);

/**
 * terrane_remote_layers_fetch:
 * @layer: as returned by terrane_remote_layers_find() for @key
 * @out_here: (out): whether its bytes are in the store now; %FALSE if they may stay where they are
 *
 * Errors: %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 *   %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 *   %OCI_ERROR_CANCELLED.
 */
gboolean terrane_remote_layers_fetch (const TerraneRemoteLayers *self, const OciDigest *key,
                                      const OciDescriptor *layer, gboolean *out_here,
                                      GError **error);

G_END_DECLS
