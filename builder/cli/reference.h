/* Images in registries, as arguments and options name them. */
#pragma once

#include "oci/reference.h"

G_BEGIN_DECLS

/** What comes from a registry. Returns: (transfer full) (nullable) */
OciReference *terrane_reference_parse_source (const char *source, GError **error);

/**
 * terrane_reference_parse_push:
 * @create: whether the repository shall be created, which only Amazon ECR can be asked for
 *
 * Where a push goes; "latest" is the default tag.
 *
 * Returns: (transfer full) (nullable)
 */
OciReference *terrane_reference_parse_push (const char *destination, gboolean create,
                                            GError **error);

/** What an image is called in the store: "app:v1" for docker://HOST/team/app:v1; a digest becomes a
 * tag that tells images apart. Returns: (transfer full) */
char *terrane_reference_local_name (const OciReference *reference);

G_END_DECLS
