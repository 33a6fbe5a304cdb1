/* Image manifests: image-spec v1.1 manifest.md, and Docker's v2 schema 2, which has the same
 * shape. */
#pragma once

#include "oci/descriptor.h"
#include "oci/platform.h"

G_BEGIN_DECLS

enum
{
  OCI_MANIFEST_MAX_BYTES =
      4 * 1024
      * 1024, /* the limit of ECR,
                 https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html */
  OCI_MANIFEST_MAX_LAYERS = 1024,
  OCI_INDEX_MAX_BYTES = 32 * 1024 * 1024, /* of a layout: with */
  OCI_INDEX_MAX_MANIFESTS = 65536,
};

typedef struct
{
  char *media_type;
  char *artifact_type; /* (nullable): of artifacts other than images, image-spec manifest.md */
  OciDescriptor *config;
  GPtrArray *layers;   /* of OciDescriptor, base first */
  json_t *annotations; /* (nullable) */
} OciManifest;

/** Returns: (transfer full): a manifest without config and layers */
OciManifest *oci_manifest_new (void);
void oci_manifest_free (OciManifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciManifest, oci_manifest_free)

/**
 * oci_manifest_parse:
 * @name: name of the document in messages
 * @raw: the document as received
 *
 * Reads an image manifest of either family. %OCI_ERROR_UNSUPPORTED if it is another kind of
 * document, such as an index.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED.
 */
OciManifest *oci_manifest_parse (const char *name, GBytes *raw, GError **error);

/**
 * oci_manifest_document_type:
 * @announced: (nullable): the type that a registry's Content-Type or a descriptor states
 *
 * Refuses a document that could be both a manifest and an index, and one that differs from its
 * announced type, since tools would take different images from it (CVE-2021-41190). An announced
 * type other than a manifest or index is ignored.
 *
 * Returns: (transfer full): the media type of a manifest or index, from its "mediaType" or else
 *   from its shape
 * Errors: %OCI_ERROR_FORMAT.
 */
char *oci_manifest_document_type (const char *name, GBytes *raw, const char *announced,
                                  GError **error);

/** Replaces a Docker media type of a configuration or layer by its OCI name. */
void oci_descriptor_to_oci_family (OciDescriptor *self);

/**
 * oci_manifest_dump:
 * Writes the manifest in the OCI family: Docker media types of config and layers are replaced by
 * their OCI names; digests and sizes do not change, since they refer to the same bytes.
 *
 * Returns: (transfer full): the document to digest, store and push
 */
GBytes *oci_manifest_dump (const OciManifest *self);

/* An index (image-spec image-index.md) or a layout's index.json. */
typedef struct
{
  GPtrArray *manifests; /* of OciDescriptor */
} OciIndex;

/** Reads an index. @name: name of the document in messages. Returns: (transfer full). Errors:
 * %OCI_ERROR_FORMAT. */
OciIndex *oci_index_parse (const char *name, GBytes *raw, GError **error);
void oci_index_free (OciIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciIndex, oci_index_free)

#define OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"

/**
 * oci_index_find:
 * @name: (nullable): value of the ref.name annotation; %NULL for the only entry
 * @platform: (nullable): chooses among entries of one name, and, if all entries name their
 *   platform, among all of them
 *
 * Returns: (transfer none): the entry; the error lists the names or platforms that exist
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_NOT_FOUND.
 */
const OciDescriptor *oci_index_find (const OciIndex *self, const char *name,
                                     const OciPlatform *platform, GError **error);

/**
 * oci_index_candidates:
 * @offered: receives the platforms that images exist for, as texts, each once
 *
 * Ignores attestations, and entries that are neither a manifest nor an index, such as signatures.
 *
 * Returns: (transfer container): entries of @self: those that suit @wanted, best first, then those
 *   that do not name their platform
 */
GPtrArray *oci_index_candidates (const OciIndex *self, const OciPlatform *wanted,
                                 GPtrArray *offered);

/**
 * oci_index_fail_unknown:
 * @name: (nullable)
 *
 * Errors: sets %OCI_ERROR_NOT_FOUND, since there is no image @name, with the names that exist;
 *   %OCI_ERROR_USAGE if @name is %NULL and there are several images.
 */
void oci_index_fail_unknown (const OciIndex *self, const char *name, GError **error);

/** Sets %OCI_ERROR_NOT_FOUND with "no image for PLATFORM; WHAT offers …". Returns: always %FALSE */
gboolean oci_index_fail_platform (const char *what, const OciPlatform *wanted,
                                  const GPtrArray *offered, GError **error);

G_END_DECLS
