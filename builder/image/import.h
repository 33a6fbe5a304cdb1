/* Images from outside, brought into the store: what bases and trees made from images share. */
#pragma once

#include "builder/image/tree-cache.h"
#include "builder/remote/remote.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

/* What bringing an image in needs. */
typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote;         /* for an image in a registry */
  const TerraneProfile *profile; /* whose platform is chosen of several, and asked of one */
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneImport;

/* An image that is in the store. */
typedef struct
{
  OciDigest digest; /* of the manifest */
  OciManifest *manifest;
  OciImageConfig *config;
  char *name; /* (nullable): as base.name annotations have it: without transport and digest */
} TerraneImportedImage;

void terrane_imported_image_clear (TerraneImportedImage *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneImportedImage, terrane_imported_image_clear)

/**
 * terrane_import_image:
 * @pin: of an image
 * @out_image: (out caller-allocates)
 *
 * Brings the manifest, configuration and layers of an image into the store unless they are there,
 * and checks that it is for the profile's platform. When the lock says a digest, an image in a
 * registry is fetched by it, whatever its tag is now; another one must still have it.
 */
gboolean terrane_import_image (const TerraneImport *self, const TerranePin *pin,
                               TerraneImportedImage *out_image, GError **error);

/**
 * terrane_import_flatten:
 * @out_tree: (out caller-allocates): the file system that the layers give
 *
 * Reads the layers unless that was done before.
 */
gboolean terrane_import_flatten (const TerraneImport *self, const TerraneImportedImage *image,
                                 gboolean skip_special, TerraneStoredTree *out_tree,
                                 GError **error);

G_END_DECLS
