/* Images in registries, as written in arguments and options. */
#pragma once

#include "oci/reference.h"

G_BEGIN_DECLS

/** Parses an image to fetch. Returns: (transfer full). Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT.
 */
OciReference *terrane_reference_parse_source (const char *source, GError **error);

/**
 * terrane_reference_parse_push:
 * @create: whether to create the repository, which is only possible with Amazon ECR
 *
 * Parses the destination of a push; "latest" is the default tag.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT.
 */
OciReference *terrane_reference_parse_push (const char *destination, gboolean create,
                                            GError **error);

/** Whether commands that take images and profiles would take the name of a new image in the store
 * for an image. Errors: %OCI_ERROR_USAGE. */
gboolean terrane_reference_check_name (const char *name, GError **error);

/** Returns: (transfer full): name of an image in the store: "app:v1" for docker://HOST/team/app:v1;
 * a digest becomes a tag that distinguishes images */
char *terrane_reference_local_name (const OciReference *reference);

G_END_DECLS
