/* Destinations of images: outputs of a build, and pushes.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/cli/option-tables.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

/** Whether @destination can be written to, as far as its text tells. Errors: %OCI_ERROR_USAGE,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED. */
gboolean terrane_destination_check_output (const char *destination, GError **error);

/** Writes the image to oci:, oci-archive: or docker-archive:. Errors: see the head. */
gboolean terrane_destination_output (OciLayout *layout, const OciDescriptor *manifest,
                                     const char *name, const char *destination, GError **error);

/**
 * terrane_destination_push:
 * @out_report: (out) (transfer full): {"reference", "digest", "bytes_uploaded", …}
 *
 * Pushes the image.
 *
 * Errors: see the head.
 */
gboolean terrane_destination_push (TerraneRemote *remote, OciLayout *layout,
                                   const OciDescriptor *manifest, const OciReference *destination,
                                   const TerranePushArguments *arguments, json_t **out_report,
                                   GError **error);

/** Like terrane_destination_output() for an index and its images; not possible for a docker
 * archive. Errors: see the head. */
gboolean terrane_destination_output_index (OciLayout *layout, const OciImageIndex *index,
                                           const char *name, const char *destination,
                                           GError **error);

/** Adds the numbers of @more about blobs and the repository. */
void terrane_push_report_add (OciPushReport *self, const OciPushReport *more);

/** Returns: (transfer full): {"tag", "reference", "digest", …} of docs/record.md */
json_t *terrane_push_report_to_json (const OciReference *reference, const OciPushReport *report);

/** Prints a push report; nothing for NULL. */
void terrane_destination_print_push (const json_t *report);

G_END_DECLS
