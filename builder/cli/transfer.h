/* IMAGE arguments and destinations: what build, push and inspect share. */
#pragma once

#include "builder/progress.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  OciLayout *layout; /* that holds the blobs */
  OciLayout *owned;  /* the same when it must be freed, else NULL */
  OciDescriptor *manifest;
  char *name; /* "NAME:TAG" or what is nearest to it */
} TerraneOpenImage;

/**
 * terrane_transfer_open_image:
 * @image: IMAGE as the user wrote it; archives are read into the store
 *
 * Returns: (transfer full) (nullable)
 */
TerraneOpenImage *terrane_transfer_open_image (TerraneStore *store, const char *image,
                                               GError **error);
void terrane_open_image_free (TerraneOpenImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOpenImage, terrane_open_image_free)

/** Whether @destination can be written to as far as its text tells. */
gboolean terrane_transfer_check_output (const char *destination, GError **error);
gboolean terrane_transfer_check_push (const char *destination, GError **error);

/** Writes the image to oci:, oci-archive: or docker-archive:. */
gboolean terrane_transfer_output (OciLayout *layout, const OciDescriptor *manifest,
                                  const char *name, const char *destination, GError **error);

/**
 * terrane_transfer_push:
 * @out_report: (out) (transfer full): {"reference", "digest", "uploaded_bytes", …}
 */
gboolean terrane_transfer_push (OciLayout *layout, const OciDescriptor *manifest,
                                const char *destination, unsigned jobs,
                                const TerraneProgress *progress, json_t **out_report,
                                GError **error);

/** Prints a push report for people; NULL prints nothing. */
void terrane_transfer_print_push (const json_t *report);

G_END_DECLS
