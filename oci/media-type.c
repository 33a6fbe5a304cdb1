#include "oci/media-type.h"

#include <string.h>

static const OciMediaType media_types[] = {
  { OCI_MEDIA_TYPE_INDEX, OCI_MEDIA_INDEX, OCI_COMPRESSION_NONE, OCI_MEDIA_TYPE_INDEX },
  { OCI_MEDIA_TYPE_DOCKER_LIST, OCI_MEDIA_INDEX, OCI_COMPRESSION_NONE, OCI_MEDIA_TYPE_INDEX },
  { OCI_MEDIA_TYPE_MANIFEST, OCI_MEDIA_MANIFEST, OCI_COMPRESSION_NONE, OCI_MEDIA_TYPE_MANIFEST },
  { OCI_MEDIA_TYPE_DOCKER_MANIFEST, OCI_MEDIA_MANIFEST, OCI_COMPRESSION_NONE,
    OCI_MEDIA_TYPE_MANIFEST },
  { OCI_MEDIA_TYPE_CONFIG, OCI_MEDIA_CONFIG, OCI_COMPRESSION_NONE, OCI_MEDIA_TYPE_CONFIG },
  { "application/vnd.docker.container.image.v1+json", OCI_MEDIA_CONFIG, OCI_COMPRESSION_NONE,
    OCI_MEDIA_TYPE_CONFIG },
  { OCI_MEDIA_TYPE_LAYER_GZIP, OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP, OCI_MEDIA_TYPE_LAYER_GZIP },
  { OCI_MEDIA_TYPE_LAYER, OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE, OCI_MEDIA_TYPE_LAYER },
  { OCI_MEDIA_TYPE_LAYER_ZSTD, OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD, OCI_MEDIA_TYPE_LAYER_ZSTD },
  { "application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP,
    OCI_MEDIA_TYPE_LAYER_GZIP },
  { "application/vnd.docker.image.rootfs.diff.tar", OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE,
    OCI_MEDIA_TYPE_LAYER },
  { "application/vnd.docker.image.rootfs.diff.tar.zstd", OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD,
    OCI_MEDIA_TYPE_LAYER_ZSTD },
};

const OciMediaType *
oci_media_type_lookup (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (media_types); i++)
    if (strcmp (media_types[i].name, name) == 0)
      return &media_types[i];
  return NULL;
}

const char *
oci_media_type_of_layer (OciCompression compression)
{
  switch (compression)
    {
    case OCI_COMPRESSION_GZIP:
      return OCI_MEDIA_TYPE_LAYER_GZIP;
    case OCI_COMPRESSION_ZSTD:
      return OCI_MEDIA_TYPE_LAYER_ZSTD;
    case OCI_COMPRESSION_NONE:
    default:
      return OCI_MEDIA_TYPE_LAYER;
    }
}
