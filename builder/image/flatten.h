/* Combines an image's layers into one tree: image-spec v1.1 layer.md. */
#pragma once

#include "builder/check/layers.h"
#include "builder/progress.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

#include "oci/image-config.h"
#include "oci/manifest.h"

G_BEGIN_DECLS

typedef struct
{
  const OciManifest *manifest; /* of an image in the store's layout */
  const OciImageConfig *config;
  TerraneLayerAudit *audit; /* empty; informed about layers and entries */
  unsigned jobs;            /* number of threads */
  const TerraneProgress *progress;
} TerraneFlattening;

/**
 * terrane_flatten:
 * @out_tree: (out) (transfer full): with layer numbers in its nodes
 *
 * Applies the layers in order, with whiteouts, and commits the result, without devices, fifos and
 * sockets. Fails with %OCI_ERROR_CORRUPT if a layer does not unpack to its diff_id in the
 * configuration.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_flatten (TerraneStore *store, const TerraneFlattening *flattening,
                          OciDigest *out_commit, TerraneTree **out_tree, GError **error);

G_END_DECLS
