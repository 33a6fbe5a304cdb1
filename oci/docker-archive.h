/* Transport "docker-archive": what `docker save` writes and `docker load` reads. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

/**
 * docker_archive_import:
 * @path: a tar in any compression, read in one pass; members in any order
 * @file: (nullable): what the file must digest to
 * @name: (nullable): "REPOSITORY:TAG" or "@N", the image at position N; %NULL when there is only
 *   one image
 * @jobs: as for oci_layer_writer_new(): layers that come uncompressed or in another compression
 *   become gzip, which registries and Lambda want; those that are gzip stay byte for byte
 *
 * Returns: (transfer full) (nullable): descriptor of an OCI manifest made for the image
 */
OciDescriptor *docker_archive_import (const char *path, const OciDigest *file, const char *name,
                                      OciLayout *layout, unsigned jobs, GError **error);

/**
 * docker_archive_export:
 * @descriptor: of an image manifest in @layout
 * @name: "REPOSITORY:TAG" that `docker load` gives the image
 *
 * The layers stay compressed, which docker and podman accept.
 */
gboolean docker_archive_export (OciLayout *layout, const OciDescriptor *descriptor,
                                const char *name, const char *path, GError **error);

G_END_DECLS
