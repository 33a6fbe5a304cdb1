/* Platforms of images: image-spec v1.1 image-index.md "platform". Words are those of Go, as all
 * registries have them. */
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
 * Returns: whether there is such a platform, else %OCI_ERROR_USAGE
 */
gboolean oci_platform_parse (const char *text, OciPlatform *out_platform, GError **error);

/**
 * oci_platform_read:
 * @object: (nullable): the member "platform" of a descriptor, or an image configuration
 *
 * Returns: whether it names a platform; "unknown" is none
 */
gboolean oci_platform_read (const json_t *object, OciPlatform *out_platform);

/** "os/architecture[/variant]". Returns: (transfer full) */
char *oci_platform_text (const OciPlatform *self);

gboolean oci_platform_equal (const OciPlatform *a, const OciPlatform *b);

/** What this machine runs by itself. */
OciPlatform oci_platform_host (void);

/**
 * oci_platform_rank:
 *
 * How well an image for @offered suits who wants @wanted: 0 is best, -1 means that it does not run
 * there. A variant runs what was built for those before it, and an image without a variant is for
 * the oldest. Without a wanted variant, one without is preferred, as containers/image does it.
 */
int oci_platform_rank (const OciPlatform *wanted, const OciPlatform *offered);

G_END_DECLS
