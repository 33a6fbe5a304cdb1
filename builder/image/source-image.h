/* The image that a source of a profile names: what bases and trees made from images share. */
#pragma once

#include "builder/image/files.h"
#include "builder/profile/profile.h"
#include "builder/sandbox/spec.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/* What reading the sources of a profile needs. */
typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote;         /* for an image in a registry */
  const TerraneProfile *profile; /* whose platform is chosen of several, and required of one */
  TerraneSandboxKind sandbox;    /* of programs that transforms run */
  gboolean look;                 /* see TerraneOpenOptions */
  gboolean keep_failed;          /* what the steps of a recipe leave that fails */
  TerraneStore *logs;            /* (nullable): has the logs of recipes, instead of @store */
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneSourceContext;

/**
 * terrane_source_image_open:
 * @pin: of a source that is an image
 *
 * Opens the image of a source, which must be for the profile's platform. When the lock has a
 * digest, an image in a registry is fetched by it, whatever its tag is now; another one must still
 * have it.
 *
 * Returns: (transfer full) (nullable): its documents
 */
TerraneOpenImage *terrane_source_image_open (const TerraneSourceContext *self,
                                             const TerranePin *pin, GError **error);

/**
 * terrane_source_image_files:
 * @with_tree: whether @out_files must have its tree
 * @out_files: (out caller-allocates)
 *
 * Brings the layers of @image into the store and reads them, unless that was done before. Devices,
 * fifos and sockets are an error unless its source skips them.
 */
gboolean terrane_source_image_files (const TerraneSourceContext *self, const TerranePin *pin,
                                     TerraneOpenImage *image, gboolean with_tree,
                                     TerraneImageFiles *out_files, GError **error);

/** As base.name annotations have it: without transport and digest. Returns: (transfer full)
 * (nullable) */
char *terrane_source_image_name (const TerraneOpenImage *image);

G_END_DECLS
