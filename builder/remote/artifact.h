/* What registries hold besides images: an artifact of image-spec v1.1 under a tag of its own. No
 * list of referrers is needed, which registries do not all have. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_remote_fetch_artifact:
 * @repository: its host and repository; a tag of it does not count
 * @type: its artifactType; @config_type: the media type of its config
 *
 * Brings manifest and config into the store's layout, without the layers.
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_NOT_FOUND when nothing has the tag
 */
OciManifest *terrane_remote_fetch_artifact (TerraneRemote *self, const OciReference *repository,
                                            const char *tag, const char *type,
                                            const char *config_type, GError **error);

/** Brings one layer of an artifact into the store's layout, unless it is there. */
gboolean terrane_remote_fetch_artifact_layer (TerraneRemote *self, const OciReference *repository,
                                              const OciDescriptor *layer, GError **error);

G_END_DECLS
