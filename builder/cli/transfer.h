/* IMAGE arguments and destinations: what build, push, pull and inspect share. */
#pragma once

#include "builder/image/open.h"

G_BEGIN_DECLS

/**
 * terrane_transfer_open_image:
 * @image: IMAGE as the user wrote it
 * @platform: (nullable): what --platform says
 *
 * Opens an image: see terrane_image_open().
 *
 * Returns: (transfer full) (nullable)
 */
TerraneOpenImage *terrane_transfer_open_image (TerraneRemote *remote, const char *image,
                                               const char *platform, TerraneImageWant want,
                                               GError **error);

/** Whether @destination can be written to as far as its text tells. */
gboolean terrane_transfer_check_output (const char *destination, GError **error);

/** Where a push goes; "latest" is the default tag. Returns: (transfer full) (nullable) */
OciReference *terrane_transfer_parse_push (const char *destination, GError **error);

/** What comes from a registry. Returns: (transfer full) (nullable) */
OciReference *terrane_transfer_parse_pull (const char *command, const char *source, GError **error);

/** Writes the image to oci:, oci-archive: or docker-archive:. */
gboolean terrane_transfer_output (OciLayout *layout, const OciDescriptor *manifest,
                                  const char *name, const char *destination, GError **error);

/* How a push treats the repository. */
typedef struct
{
  char *mount_from; /* (nullable): --mount-from */
  gboolean create_repository;
} TerranePushArguments;

void terrane_push_arguments_clear (TerranePushArguments *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerranePushArguments, terrane_push_arguments_clear)

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
