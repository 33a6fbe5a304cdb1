/* Opens an image in any location: the only way from IMAGE on a command line or in a profile to the
 * image's documents and layers. */
#pragma once

#include "builder/remote/remote.h"

#include "oci/image.h"
#include "oci/transport.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_IMAGE_MANIFEST,  /* for artifacts that may not be images: a push */
  TERRANE_IMAGE_DOCUMENTS, /* also the configuration */
  TERRANE_IMAGE_LAYERS,    /* everything, in the store */
} TerraneImageWant;

typedef struct
{
  TerraneImageWant want;
  const OciPlatform *platform; /* (nullable): which image of an index to take, and which any image
                                  must be for; %NULL takes the image for this machine from an index,
                                  and accepts any other image */
  gboolean any_platform;       /* the caller checks images that are not in an index */
  gboolean look; /* does not fetch anything into the store: what is missing there is not found; the
                    remote is offline */
  const OciDigest *pinned; /* (nullable): the manifest's digest in a lock: requested from a registry
                              instead of the tag, otherwise required */
  unsigned jobs; /* number of threads, for layers of archives that have to be compressed */
} TerraneOpenOptions;

typedef struct
{
  OciTransport *transport;
  OciReference *reference;   /* (nullable): of an image in a registry, with the pinned digest */
  OciLayout *layout;         /* has the documents, and the layers unless only a registry has them */
  OciLayout *owned;          /* (nullable): the same if it is not the store's */
  OciDescriptor *descriptor; /* of the manifest */
  OciManifest *manifest;
  OciImageConfig *config; /* (nullable): %NULL for %TERRANE_IMAGE_MANIFEST */
} TerraneOpenImage;

/**
 * terrane_image_open:
 * @remote: for images in a registry; archives are read into its store
 * @text: IMAGE as the user wrote it
 *
 * Opens an image. The documents of an image in a registry are fetched into the store. An archive is
 * read into the store unless its content is there already; it is read again if the file changed.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_NOT_FOUND if there is no image for the platform, listing the available ones;
 *   %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_IO; those of registry.h: %OCI_ERROR_UNREACHABLE,
 *   %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_CANCELLED.
 */
TerraneOpenImage *terrane_image_open (TerraneRemote *remote, const char *text,
                                      const TerraneOpenOptions *options, GError **error);
void terrane_open_image_free (TerraneOpenImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOpenImage, terrane_open_image_free)

/** Fetches what %TERRANE_IMAGE_LAYERS needs; afterwards @self->layout is the store's. Errors: as
 * for terrane_image_open(): %OCI_ERROR_NOT_FOUND, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED,
 * %OCI_ERROR_CANCELLED. */
gboolean terrane_open_image_complete (TerraneOpenImage *self, TerraneRemote *remote,
                                      GError **error);

G_END_DECLS
