/* Platforms of images: image-spec v1.1 image-index.md "platform". The words are Go's, as in all
 * registries. */
#pragma once

#include "oci/base/architecture.h"
#include "oci/base/error.h"

#include <jansson.h>

G_BEGIN_DECLS

/* A value; texts are empty when absent. */
typedef struct
{
  char os[16];
  char architecture[16];
  char variant[16];
} OciPlatform;

/**
 * oci_platform_parse:
 * @text: "os/architecture[/variant]" as a user writes it; other names of an architecture, such as
 *   aarch64, are understood
 *
 * Errors: %OCI_ERROR_USAGE for an unknown platform.
 */
gboolean oci_platform_parse (const char *text, OciPlatform *out_platform, GError **error);

/**
 * oci_platform_read:
 * @object: (nullable): the member "platform" of a descriptor, or an image configuration
 *
 * Returns: whether it names a platform; "unknown" does not
 */
gboolean oci_platform_read (const json_t *object, OciPlatform *out_platform);

/** Returns: (transfer full): "os/architecture[/variant]" */
char *oci_platform_text (const OciPlatform *self);

/** Whether two platforms have the same words. */
gboolean oci_platform_equal (const OciPlatform *a, const OciPlatform *b);

/** The platform that this machine runs without emulation. */
OciPlatform oci_platform_host (void);

/** Ranks how well an image for @offered suits @wanted: 0 is best, -1 means that it does not run
 * there. A variant runs images of earlier variants, and an image without a variant is for the
 * oldest. If @wanted has no variant, an image without one is preferred, as in containers/image. */
int oci_platform_rank (const OciPlatform *wanted, const OciPlatform *offered);

G_END_DECLS
