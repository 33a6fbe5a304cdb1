/* Makes the layers of an image from the base up: each tree is merged into what is below it, and its
 * layers contain the differences. */
#pragma once

#include "builder/check/check.h"
#include "builder/image/base.h"
#include "builder/image/image-options.h"

G_BEGIN_DECLS

/* An image that is being made. */
typedef struct
{
  TerraneStore *store;
  const TerraneProfile *profile;
  TerraneBase *base;
  GArray *trees; /* of TerraneSourceTree, in the profile's order */
  const TerraneImageOptions *options;
  TerraneTree *assembled; /* the file system so far */
  OciManifest *manifest;
  OciImageConfig *config;
  GArray *reused;           /* of gboolean, one for each layer */
  gboolean no_layers;       /* only make the file system */
  TerraneLayerAudit *audit; /* of the layers so far */
} TerraneImageJob;

/** Adds the base and all trees: sets @job->assembled, @job->audit, and unless @job->no_layers the
 * layers in manifest and configuration, with layer numbers in the nodes. Errors: %OCI_ERROR_USAGE,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_image_job_add_all (TerraneImageJob *job, GError **error);

/** Returns: (transfer container): names by tree number, 0 being the base; NULL-terminated, borrowed
 */
GPtrArray *terrane_image_tree_names (const TerraneProfile *profile);

G_END_DECLS
