/* The image that a source of a profile names: shared by bases and trees made from images.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
#pragma once

#include "builder/image/files.h"
#include "builder/profile/profile.h"
#include "builder/sandbox/spec.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/* Parameters for reading the sources of a profile. */
typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote; /* for an image in a registry */
  const TerraneProfile
      *profile; /* its platform selects from an index, and is checked for a single image */
  TerraneSandboxKind sandbox; /* for programs run by transforms */
  gboolean look;              /* see TerraneOpenOptions */
  gboolean keep_failed;       /* keep the directory of a recipe whose step fails */
  TerraneStore *logs;         /* (nullable): receives the logs of recipes, instead of @store */
  TerraneStore *compared;     /* (nullable): recipes get other JOBS than for the results there */
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneSourceContext;

/**
 * terrane_source_image_open:
 * @pin: of a source that is an image
 *
 * Opens the image of a source, which must be for the profile's platform. If the lock has a digest,
 * an image in a registry is fetched by it, regardless of its tag; any other image must have this
 * digest.
 *
 * Returns: (transfer full): its documents
 * Errors: see the head.
 */
TerraneOpenImage *terrane_source_image_open (const TerraneSourceContext *self,
                                             const TerranePin *pin, GError **error);

/**
 * terrane_source_image_files:
 * @with_tree: whether @out_files must have its tree
 * @out_files: (out caller-allocates)
 *
 * Fetches the layers of @image into the store and reads them, unless that was done before. Devices,
 * fifos and sockets are an error unless its source skips them.
 *
 * Errors: see the head.
 */
gboolean terrane_source_image_files (const TerraneSourceContext *self, const TerranePin *pin,
                                     TerraneOpenImage *image, gboolean with_tree,
                                     TerraneImageFiles *out_files, GError **error);

/** Returns: (transfer full) (nullable): its name for base.name annotations: without transport and
 * digest */
char *terrane_source_image_name (const TerraneOpenImage *image);

G_END_DECLS
