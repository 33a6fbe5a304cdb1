/* Artifacts other than images in registries: image-spec v1.1, each with its own tag. Does not need
 * lists of referrers, which not all registries support.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_remote_fetch_artifact:
 * @repository: its host and repository; its tag is ignored
 * @type: its artifactType; @config_type: the media type of its config
 *
 * Fetches manifest and config into the store's layout, without the layers.
 *
 * Returns: (transfer full): %OCI_ERROR_NOT_FOUND if the tag does not exist
 * Errors: see the head.
 */
OciManifest *terrane_remote_fetch_artifact (TerraneRemote *self, const OciReference *repository,
                                            const char *tag, const char *type,
                                            const char *config_type, GError **error);

/** Fetches one layer of an artifact into the store's layout, unless it exists there.
 * Errors: see the head. */
gboolean terrane_remote_fetch_artifact_layer (TerraneRemote *self, const OciReference *repository,
                                              const OciDescriptor *layer, GError **error);

G_END_DECLS
