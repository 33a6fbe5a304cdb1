/* IMAGE arguments and destinations: what build, push, pull and inspect share. */
#pragma once

#include "builder/cli/option-tables.h"
#include "builder/progress.h"
#include "builder/remote/remote.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  OciLayout *layout; /* that holds the documents and, unless a registry has them, the layers */
  OciLayout *owned;  /* the same when it must be freed, else NULL */
  OciDescriptor *manifest;
  char *name; /* (nullable): "NAME:TAG" or what is nearest to it */
} TerraneOpenImage;

/**
 * terrane_transfer_open_image:
 * @remote: for docker://, of which only the documents are fetched
 * @image: IMAGE as the user wrote it; archives are read into the store
 * @platform: (nullable): which image of an index, and what an image must be for; %NULL takes from
 *   an index what is for this machine, and any other image
 *
 * Returns: (transfer full) (nullable)
 */
TerraneOpenImage *terrane_transfer_open_image (TerraneRemote *remote, const char *image,
                                               const char *platform, GError **error);
void terrane_open_image_free (TerraneOpenImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOpenImage, terrane_open_image_free)

/** Brings all of the image into the store's layout, layers too. */
gboolean terrane_transfer_import (TerraneRemote *remote, TerraneOpenImage *image, GError **error);

/** Whether @destination can be written to as far as its text tells. */
gboolean terrane_transfer_check_output (const char *destination, GError **error);

/** Writes the image to oci:, oci-archive: or docker-archive:. */
gboolean terrane_transfer_output (OciLayout *layout, const OciDescriptor *manifest,
                                  const char *name, const char *destination, GError **error);

/**
 * terrane_transfer_push:
 * @out_report: (out) (transfer full): {"reference", "digest", "bytes_uploaded", …}
 */
gboolean terrane_transfer_push (TerraneRemote *remote, OciLayout *layout,
                                const OciDescriptor *manifest, const OciReference *destination,
                                const TerranePushArguments *arguments, json_t **out_report,
                                GError **error);

/** Prints a push report for people; NULL prints nothing. */
void terrane_transfer_print_push (const json_t *report);

G_END_DECLS
