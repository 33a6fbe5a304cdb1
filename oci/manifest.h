/* Image manifests: image-spec v1.1 manifest.md, and Docker's v2 schema 2, which has the same shape.
 */
#pragma once

#include "oci/descriptor.h"
#include "oci/platform.h"

G_BEGIN_DECLS

enum
{
  OCI_MANIFEST_MAX_BYTES = 4 * 1024 * 1024, /* what ECR accepts; lambda-and-ecr 4.5 */
  OCI_MANIFEST_MAX_LAYERS = 1024,
  OCI_INDEX_MAX_BYTES = 32 * 1024 * 1024, /* of a layout: with */
  OCI_INDEX_MAX_MANIFESTS = 65536,
};

typedef struct
{
  char *media_type;
  char *artifact_type; /* (nullable): of what is not an image, image-spec manifest.md */
  OciDescriptor *config;
  GPtrArray *layers;   /* of OciDescriptor, base first */
  json_t *annotations; /* (nullable) */
} OciManifest;

OciManifest *oci_manifest_new (void);
void oci_manifest_free (OciManifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciManifest, oci_manifest_free)

/**
 * oci_manifest_parse:
 * @name: what to call the document in messages
 * @raw: the document as received
 *
 * Returns: (transfer full) (nullable): an image manifest of either family.
 *   %OCI_ERROR_UNSUPPORTED when it is another kind of document, such as an index.
 */
OciManifest *oci_manifest_parse (const char *name, GBytes *raw, GError **error);

/**
 * oci_manifest_document_type:
 * @announced: (nullable): what a registry's Content-Type or a descriptor says that the document is
 *
 * A document that could be a manifest as well as an index is refused, and one that is not what was
 * announced, since tools would take different images from it (CVE-2021-41190). An announced type
 * that is none of a manifest or index says nothing.
 *
 * Returns: (transfer full) (nullable): the media type of a manifest or index, by its "mediaType" or
 *   else by its shape
 */
char *oci_manifest_document_type (const char *name, GBytes *raw, const char *announced,
                                  GError **error);

/** Replaces a Docker media type of a configuration or layer by its OCI name. */
void oci_descriptor_to_oci_family (OciDescriptor *self);

/**
 * oci_manifest_dump:
 *
 * Writes the manifest in the OCI family: Docker media types of config and layers are replaced by
 * their OCI names, digests and sizes stay, since the bytes they name are the same.
 *
 * Returns: (transfer full): the document to digest, store and push
 */
GBytes *oci_manifest_dump (const OciManifest *self);

/* One document of an index (image-spec image-index.md) or of a layout's index.json. */
typedef struct
{
  GPtrArray *manifests; /* of OciDescriptor */
} OciIndex;

OciIndex *oci_index_parse (const char *name, GBytes *raw, GError **error);
void oci_index_free (OciIndex *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciIndex, oci_index_free)

#define OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"

/**
 * oci_index_find:
 * @name: (nullable): value of the ref.name annotation; %NULL means the only entry there is
 * @platform: (nullable): decides between entries of one name, and, when all entries say for which
 *   platform they are, between these
 *
 * Returns: (transfer none) (nullable): the entry; the error lists the names or platforms that exist
 */
const OciDescriptor *oci_index_find (const OciIndex *self, const char *name,
                                     const OciPlatform *platform, GError **error);

/**
 * oci_index_candidates:
 * @offered: gets texts of the platforms that images are there for, each once
 *
 * What is neither a manifest nor an index, such as signatures, and attestations do not count.
 *
 * Returns: (transfer container): entries of @self: those that suit @wanted, the best first, then
 *   those that do not say for which platform they are
 */
GPtrArray *oci_index_candidates (const OciIndex *self, const OciPlatform *wanted,
                                 GPtrArray *offered);

/** Fails with %OCI_ERROR_NOT_FOUND because no image is called @name, and says which there are; with
 * %OCI_ERROR_USAGE when @name is %NULL and there are several. */
void oci_index_fail_unknown (const OciIndex *self, const char *name, GError **error);

/** Sets @error to "no image for PLATFORM; WHAT offers …". Returns: %FALSE */
gboolean oci_index_fail_platform (const char *what, const OciPlatform *wanted,
                                  const GPtrArray *offered, GError **error);

G_END_DECLS
