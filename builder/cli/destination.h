/* Where images go: outputs of a build, and pushes. */
#pragma once

#include "builder/cli/option-tables.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

/** Whether @destination can be written to as far as its text tells. */
gboolean terrane_destination_check_output (const char *destination, GError **error);

/** Writes the image to oci:, oci-archive: or docker-archive:. */
gboolean terrane_destination_output (OciLayout *layout, const OciDescriptor *manifest,
                                     const char *name, const char *destination, GError **error);

/**
 * terrane_destination_push:
 * @out_report: (out) (transfer full): {"reference", "digest", "bytes_uploaded", …}
 */
gboolean terrane_destination_push (TerraneRemote *remote, OciLayout *layout,
                                   const OciDescriptor *manifest, const OciReference *destination,
                                   const TerranePushArguments *arguments, json_t **out_report,
                                   GError **error);

/** Prints a push report for people; NULL prints nothing. */
void terrane_destination_print_push (const json_t *report);

G_END_DECLS
