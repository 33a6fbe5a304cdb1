/* The media types of image-spec v1.1 media-types.md and Docker's image manifest v2 schema 2. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define OCI_MEDIA_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_TYPE_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_MEDIA_TYPE_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_MEDIA_TYPE_DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

typedef enum
{
  OCI_MEDIA_INDEX,
  OCI_MEDIA_MANIFEST,
  OCI_MEDIA_CONFIG,
  OCI_MEDIA_LAYER,
} OciMediaKind;

typedef enum
{
  OCI_COMPRESSION_NONE,
  OCI_COMPRESSION_GZIP,
  OCI_COMPRESSION_ZSTD,
} OciCompression;

typedef struct
{
  const char *name;
  OciMediaKind kind;
  OciCompression compression; /* of layers */
  const char *oci_name;       /* its equivalent in the OCI family; equals name for OCI types */
} OciMediaType;

/** Returns: (transfer none) (nullable): the row of @name, or %NULL for an unknown type */
const OciMediaType *oci_media_type_lookup (const char *name);

/** Returns: (transfer none): the OCI layer type for @compression */
const char *oci_media_type_of_layer (OciCompression compression);

G_END_DECLS
