/* References to images in registries, HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]: the grammar of
 * distribution/reference with the limits for names and tags of distribution-spec v1.1.
 *
 * A registry host is always required: a bare name means an image in the store. To assume docker.io
 * would publish private images, and use untrusted images with that name. Errors show
 * the reference that docker would assume. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

enum
{
  OCI_REPOSITORY_MAX_BYTES = 255, /* distribution-spec "Pull"; without the host */
  OCI_TAG_MAX_BYTES = 128,
};

#define OCI_REFERENCE_SCHEME "docker://"

typedef struct
{
  char *host;       /* with ":PORT" if given; IPv6 addresses in brackets */
  char *repository; /* "team/app" */
  char *tag;        /* (nullable) */
  gboolean has_digest;
  OciDigest digest; /* when @has_digest */
} OciReference;

/**
 * oci_reference_parse:
 * @text: a reference, with or without "docker://"
 *
 * A repository of one component on docker.io gets its "library/", as with podman and docker.
 *
 * Returns: (transfer full): the reference
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED.
 */
OciReference *oci_reference_parse (const char *text, GError **error);
/** Returns: (transfer full) */
OciReference *oci_reference_copy (const OciReference *self);
void oci_reference_free (OciReference *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciReference, oci_reference_free)

/** Returns: (transfer full): the text that parses to @self, beginning with "docker://" */
char *oci_reference_text (const OciReference *self);

/**
 * oci_reference_full_name:
 * @text: NAME[:TAG] as in a docker archive; not checked
 *
 * Returns: (transfer full): the same with registry, "library/" and tag where docker omits them, so
 *   that names can be compared
 */
char *oci_reference_full_name (const char *text);

/**
 * oci_reference_suggest:
 * @text: what a user wrote, without "docker://"
 *
 * Returns: (transfer full) (nullable): the reference with "docker://" that docker would assume
 */
char *oci_reference_suggest (const char *text);

/**
 * oci_reference_local_name:
 * @text: NAME[:TAG] of a local image; the prefix "localhost/", which podman shows, is removed
 *   unless @allow_host
 * @allow_host: whether NAME may start with HOST:PORT, like names in docker-archives
 *
 * Returns: (transfer full): "NAME:TAG", with "latest" as the default tag
 * Errors: %OCI_ERROR_USAGE.
 */
char *oci_reference_local_name (const char *text, gboolean allow_host, GError **error);

G_END_DECLS
