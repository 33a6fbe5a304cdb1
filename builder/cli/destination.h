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

/** The same of an index and its images; a docker archive holds none. */
gboolean terrane_destination_output_index (OciLayout *layout, const OciImageIndex *index,
                                           const char *name, const char *destination,
                                           GError **error);

/** Adds what @more says of blobs and the repository. */
void terrane_push_report_add (OciPushReport *self, const OciPushReport *more);

/** {"tag", "reference", "digest", …} of docs/record.md. Returns: (transfer full) */
json_t *terrane_push_report_to_json (const OciReference *reference, const OciPushReport *report);

/** Prints a push report for people; NULL prints nothing. */
void terrane_destination_print_push (const json_t *report);

G_END_DECLS
