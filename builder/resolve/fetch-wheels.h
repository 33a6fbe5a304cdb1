/* Finds the wheels that the lock names: where the lock says, or wherever they are now. */
#pragma once

#include "builder/remote/download.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/* State of the search, which must exist as long as the downloads. */
typedef struct _TerraneWheelSearch TerraneWheelSearch;

/**
 * terrane_wheel_search_new:
 * @source: of wheels; must outlive @self
 * @downloads: (element-type TerraneDownload): receives the wheels that the store lacks
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
TerraneWheelSearch *terrane_wheel_search_new (TerraneRemote *remote, const TerranePin *source,
                                              GArray *downloads, GError **error);
void terrane_wheel_search_free (TerraneWheelSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelSearch, terrane_wheel_search_free)

G_END_DECLS
