/* The layers of an image, from the base up: each tree put over what is below it, and what its
 * layers carry. */
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
  TerraneTree *assembled; /* what is there so far */
  OciManifest *manifest;
  OciImageConfig *config;
  GArray *reused;           /* of gboolean, a layer each */
  gboolean no_layers;       /* only the file system is wanted */
  TerraneLayerAudit *audit; /* of the layers so far */
} TerraneImageJob;

/** The base and all trees: @job->assembled, @job->audit, and unless @job->no_layers the layers in
 * manifest and configuration, with the layer that each node is from. */
gboolean terrane_image_job_add_all (TerraneImageJob *job, GError **error);

/** Names by tree number, 0 being the base; NULL-terminated, borrowed. Returns: (transfer container)
 */
GPtrArray *terrane_image_tree_names (const TerraneProfile *profile);

G_END_DECLS
