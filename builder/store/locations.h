/* Repositories in registries that are known to have a blob: those it was pulled from or pushed to.
 * A hint for mounting instead of sending, and the location of a layer's bytes if they are not in
 * the store. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/** Records that @host/@repository has the blob; the most recent few are kept. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_locations_add (TerraneStore *store, const OciDigest *blob, const char *host,
                                const char *repository, GError **error);

/** Returns: (transfer full): "HOST/REPOSITORY" each, most recent first; empty if none is known */
char **terrane_locations_get (TerraneStore *store, const OciDigest *blob);

/** Removes the locations of a blob that was found to be missing there. */
void terrane_locations_forget (TerraneStore *store, const OciDigest *blob);

/** Whether every blob of an image is in the store with the size that its descriptor states, or is a
 * layer that a registry has; otherwise an error. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean terrane_locations_check_image (TerraneStore *store, const OciDescriptor *manifest,
                                        GError **error);

G_END_DECLS
