/* Which repositories in registries are known to have a blob: those it was pulled from or pushed to.
 * A hint for mounting instead of sending, and where a layer's bytes are when they are not here. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/** Remembers that @host/@repository has the blob; the few most recent ones are kept. */
gboolean terrane_locations_add (TerraneStore *store, const OciDigest *blob, const char *host,
                                const char *repository, GError **error);

/** Returns: (transfer full): "HOST/REPOSITORY" each, most recent first; empty when none is known */
char **terrane_locations_get (TerraneStore *store, const OciDigest *blob);

/** Forgets where the blob is, when it was found to be there no longer. */
void terrane_locations_forget (TerraneStore *store, const OciDigest *blob);

/**
 * terrane_locations_check_image:
 *
 * Whether every blob of an image is here with the size that its descriptor states, or is a layer
 * that a registry has.
 */
gboolean terrane_locations_check_image (TerraneStore *store, const OciDescriptor *manifest,
                                        GError **error);

G_END_DECLS
