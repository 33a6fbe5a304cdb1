/* References to images in registries, HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]: the grammar of
 * distribution/reference, and what distribution-spec v1.1 says about names and tags.
 *
 * A registry host is always required: a bare name means an image in the store, and guessing
 * docker.io would send private images to the public, and take images from it that somebody else
 * put there under the name. Errors say what docker would guess. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

enum
{
  OCI_REPOSITORY_MAX_BYTES = 255, /* distribution-spec "Pull"; the host does not count */
  OCI_TAG_MAX_BYTES = 128,
};

#define OCI_REFERENCE_SCHEME "docker://"

typedef struct
{
  char *host;       /* with ":PORT" when one was given; IPv6 addresses in brackets */
  char *repository; /* "team/app" */
  char *tag;        /* (nullable) */
  gboolean has_digest;
  OciDigest digest; /* when @has_digest */
} OciReference;

/**
 * oci_reference_parse:
 * @text: a reference, "docker://" in front or not
 *
 * A repository of one component on docker.io gets its "library/", as with podman and docker.
 *
 * Returns: (transfer full) (nullable): the reference, or %NULL with %OCI_ERROR_USAGE
 */
OciReference *oci_reference_parse (const char *text, GError **error);
OciReference *oci_reference_copy (const OciReference *self);
void oci_reference_free (OciReference *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciReference, oci_reference_free)

/** The text that parses to @self, with "docker://" in front. Returns: (transfer full) */
char *oci_reference_text (const OciReference *self);

/**
 * oci_reference_full_name:
 * @text: NAME[:TAG] as a docker archive has it; not checked
 *
 * Returns: (transfer full): the same with the registry, the "library/" and the tag that docker
 *   leaves out, so that names can be compared
 */
char *oci_reference_full_name (const char *text);

/**
 * oci_reference_suggest:
 * @text: what a user wrote, without "docker://"
 *
 * Returns: (transfer full) (nullable): the reference with "docker://" that docker would take it for
 */
char *oci_reference_suggest (const char *text);

/**
 * oci_reference_local_name:
 * @text: NAME[:TAG], not in a registry; "localhost/" in front, as podman shows such names, is left
 *   out unless @allow_host
 * @allow_host: whether NAME may start with HOST:PORT, as the names in docker-archives do
 *
 * Returns: (transfer full) (nullable): "NAME:TAG" with "latest" as default tag, or %NULL with
 *   %OCI_ERROR_USAGE
 */
char *oci_reference_local_name (const char *text, gboolean allow_host, GError **error);

G_END_DECLS
