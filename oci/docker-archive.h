/* Transport "docker-archive": the format that `docker save` writes and `docker load` reads.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO. */
#pragma once

#include "oci/layout.h"

G_BEGIN_DECLS

/**
 * docker_archive_import:
 * @path: a tar in any compression, read in one pass; members in any order
 * @file: (nullable): digest that the file must have
 * @name: (nullable): "REPOSITORY:TAG" or "@N", the image at position N; %NULL for the only image
 * @jobs: as for oci_layer_writer_new(): layers that are uncompressed or in another compression
 *   become gzip, which registries and Lambda want; gzip layers are kept unchanged
 *
 * Reads an image into @layout.
 *
 * Returns: (transfer full): descriptor of an OCI manifest made for the image
 * Errors: see the head.
 */
OciDescriptor *docker_archive_import (const char *path, const OciDigest *file, const char *name,
                                      OciLayout *layout, unsigned jobs, GError **error);

/**
 * docker_archive_export:
 * @descriptor: of an image manifest in @layout
 * @name: "REPOSITORY:TAG" that `docker load` gives the image
 * @path: file to write, which appears when it is complete
 *
 * Writes an image. The layers stay compressed, which docker and podman accept.
 *
 * Errors: see the head.
 */
gboolean docker_archive_export (OciLayout *layout, const OciDescriptor *descriptor,
                                const char *name, const char *path, GError **error);

G_END_DECLS
