/* The file system of a finished image, layer by layer: for checks of images from anywhere. */
#pragma once

#include "builder/check/image-view.h"
#include "builder/check/layers.h"
#include "builder/progress.h"

#include "oci/image.h"

G_BEGIN_DECLS

typedef struct
{
  OciManifest *manifest;
  OciImageConfig *config;
  TerraneTree *tree; /* the origin of a node is its layer, from 1 */
  char **names;      /* of the layers by origin; their trees', else "layer N" */
  TerraneLayerAudit *audit;
} TerraneUnpacked;

/**
 * terrane_unpack:
 * @manifest: an image in the store's layout, with all layers
 *
 * Applies the layers, unless the result of that is in the store.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneUnpacked *terrane_unpack (TerraneStore *store, const OciDescriptor *manifest, unsigned jobs,
                                 const TerraneProgress *progress, GError **error);
/**
 * terrane_unpack_remember:
 * @manifest: an image that was just made
 * @tree: its file system, which is @commit; the origin of a node is its layer, from 1
 * @audit: of its layers
 *
 * Saves terrane_unpack() of the image the work: what it would give is known.
 */
gboolean terrane_unpack_remember (TerraneStore *store, const OciDigest *manifest,
                                  const OciDigest *commit, TerraneTree *tree,
                                  const TerraneLayerAudit *audit, GError **error);

void terrane_unpacked_free (TerraneUnpacked *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneUnpacked, terrane_unpacked_free)

/** What checks look at; valid as long as @self and @store. */
TerraneImageView terrane_unpacked_view (const TerraneUnpacked *self, TerraneStore *store);

G_END_DECLS
