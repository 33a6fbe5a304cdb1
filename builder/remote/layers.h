/* Layers that an earlier image in a registry has, by their layer keys: what --cache-from reads. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

typedef struct _TerraneRemoteLayers TerraneRemoteLayers;

TerraneRemoteLayers *terrane_remote_layers_new (void);
void terrane_remote_layers_free (TerraneRemoteLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRemoteLayers, terrane_remote_layers_free)

/**
 * terrane_remote_layers_add:
 * @platform: which image of an index
 *
 * Adds the layers of one image; of equal keys the first counts. Only its documents are fetched.
 * Without the image the build goes on, and warns of it when its tag or digest was named. What the
 * image says of its layers is believed.
 */
gboolean terrane_remote_layers_add (TerraneRemoteLayers *self, TerraneRemote *remote,
                                    const OciReference *reference, const OciPlatform *platform,
                                    GError **error);

/**
 * terrane_remote_layers_find:
 * @out_diff_id: (out): of the layer
 *
 * Remembers where the layer is when it is found.
 *
 * Returns: (transfer full) (nullable): its descriptor, without annotations
 */
OciDescriptor *terrane_remote_layers_find (const TerraneRemoteLayers *self, TerraneStore *store,
                                           const OciDigest *key, OciDigest *out_diff_id);

G_END_DECLS
