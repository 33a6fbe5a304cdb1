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
 * @out_missing: (out) (transfer full) (nullable): why there is no image
 *
 * Adds the layers of one image; of equal keys the first counts. Only its documents are fetched.
 * Without the image the build goes on, and warns of it when its tag or digest was named. What the
 * image says of its layers is believed.
 */
gboolean terrane_remote_layers_add (TerraneRemoteLayers *self, TerraneRemote *remote,
                                    const OciReference *reference, const OciPlatform *platform,
                                    GError **out_missing, GError **error);

/** Adds one layer that @repository has, instead of one with its key. @key: its text */
void terrane_remote_layers_add_one (TerraneRemoteLayers *self, const char *key,
                                    const OciDescriptor *layer, const OciDigest *diff_id,
                                    const OciReference *repository);

/**
 * terrane_remote_layers_find:
 * @out_diff_id: (out): of the layer
 * @out_of_image: (out): whether that is the word of an image
 *
 * Remembers where the layer is when it is found.
 *
 * Returns: (transfer full) (nullable): its descriptor, without annotations
 */
OciDescriptor *terrane_remote_layers_find (const TerraneRemoteLayers *self, TerraneStore *store,
                                           const OciDigest *key, OciDigest *out_diff_id,
                                           gboolean *out_of_image);

G_END_DECLS
