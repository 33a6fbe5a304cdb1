/* The file system that an image's layers give, as one tree: image-spec v1.1 layer.md. */
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
  TerraneLayerAudit *audit; /* an empty one: told about layers and entries */
  unsigned jobs;            /* threads */
  const TerraneProgress *progress;
} TerraneFlattening;

/**
 * terrane_flatten:
 * @out_tree: (out) (transfer full): each node says of which layer it is
 *
 * Applies the layers over each other, with whiteouts, and commits the result, without devices,
 * fifos and sockets. Fails with %OCI_ERROR_CORRUPT when a layer does not unpack to what the
 * configuration's diff_ids say.
 */
gboolean terrane_flatten (TerraneStore *store, const TerraneFlattening *flattening,
                          OciDigest *out_commit, TerraneTree **out_tree, GError **error);

G_END_DECLS
