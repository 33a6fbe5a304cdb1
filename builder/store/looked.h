/* Files of sources that were only looked at, whose objects the store lacks. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/fd.h"
#include "oci/digest.h"

G_BEGIN_DECLS

/**
 * terrane_looked_keep:
 * @content: (nullable): of the object @digest; %NULL if it is too large
 *
 * Keeps a small file in memory as long as the store is open, so that it can be read like an object.
 * Any number of threads may do so.
 *
 * Errors: %OCI_ERROR_LIMIT.
 */
gboolean terrane_looked_keep (TerraneStore *store, const OciDigest *digest, GBytes *content,
                              GError **error);

/** Opens a kept file. @out_found: (out). Errors: %OCI_ERROR_IO. */
gboolean terrane_looked_open (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                              gboolean *out_found, GError **error);

G_END_DECLS
