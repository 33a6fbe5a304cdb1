/* The file system of a finished image, layer by layer: for checks of images from anywhere. */
#pragma once

#include "builder/check/layers.h"
#include "builder/facts/image-view.h"
#include "builder/image/tree-cache.h"
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
 * terrane_unpack_files:
 * @digest: of the manifest
 * @out_tree: (out caller-allocates): the file system, without devices, fifos and sockets; its tree
 *   only when the layers were read now
 *
 * Makes sure that terrane_unpack() would have nothing to read.
 */
gboolean terrane_unpack_files (TerraneStore *store, const OciDigest *digest,
                               const OciManifest *manifest, const OciImageConfig *config,
                               unsigned jobs, const TerraneProgress *progress,
                               TerraneStoredTree *out_tree, GError **error);

/** What was seen in the layers of the image @digest. @out_audit: (out) (transfer full) (nullable):
 * %NULL before terrane_unpack_files() */
gboolean terrane_unpack_audit (TerraneStore *store, const OciDigest *digest,
                               TerraneLayerAudit **out_audit, GError **error);

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
