/* Opens an image wherever it is: the one way from IMAGE on a command line or in a profile to the
 * image's documents and layers. */
#pragma once

#include "builder/remote/remote.h"

#include "oci/image.h"
#include "oci/transport.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_IMAGE_MANIFEST,  /* for what need not be an image: a push */
  TERRANE_IMAGE_DOCUMENTS, /* the configuration too */
  TERRANE_IMAGE_LAYERS,    /* all of it, in the store */
} TerraneImageWant;

typedef struct
{
  TerraneImageWant want;
  const OciPlatform *platform; /* (nullable): which image of an index to take, and what any image
                                * must be for; %NULL takes from an index what is for this machine,
                                * and any other image */
  gboolean any_platform;       /* what is not of an index is checked by the caller */
  gboolean look;               /* what is not in the store is not brought there: then it is not
                                * found; the remote is offline */
  const OciDigest *pinned;     /* (nullable): the manifest's digest as a lock has it: a registry is
                                * asked for it instead of the tag, elsewhere it must be this one */
  unsigned jobs;               /* threads, for layers of archives that have to be compressed */
} TerraneOpenOptions;

typedef struct
{
  OciTransport *transport;
  OciReference *reference;   /* (nullable): in a registry, with the pinned digest */
  OciLayout *layout;         /* has the documents, and the layers unless a registry has them */
  OciLayout *owned;          /* (nullable): the same when it is not the store's */
  OciDescriptor *descriptor; /* of the manifest */
  OciManifest *manifest;
  OciImageConfig *config; /* (nullable): %NULL for %TERRANE_IMAGE_MANIFEST */
} TerraneOpenImage;

/**
 * terrane_image_open:
 * @remote: for images in a registry, and whose store archives are read into
 * @text: IMAGE as the user wrote it
 *
 * Opens an image. The documents of a registry's image are brought into the store. An archive is
 * read into the store unless the store has what is in that file already; it is read again when the
 * file changed.
 *
 * Returns: (transfer full) (nullable): or %NULL with %OCI_ERROR_NOT_FOUND when there is no image
 *   for the platform; the error says for which there are images
 */
TerraneOpenImage *terrane_image_open (TerraneRemote *remote, const char *text,
                                      const TerraneOpenOptions *options, GError **error);
void terrane_open_image_free (TerraneOpenImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOpenImage, terrane_open_image_free)

/** Brings what %TERRANE_IMAGE_LAYERS wants; @self->layout is the store's then. */
gboolean terrane_open_image_complete (TerraneOpenImage *self, TerraneRemote *remote,
                                      GError **error);

G_END_DECLS
