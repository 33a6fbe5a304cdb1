/* The wheels that the lock names, from where the lock says or from wherever they are now. */
#pragma once

#include "builder/remote/download.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/* What looks for wheels, for as long as they are downloaded. */
typedef struct _TerraneWheelSearch TerraneWheelSearch;

/**
 * terrane_wheel_search_new:
 * @source: of wheels; must outlive @self
 * @downloads: (element-type TerraneDownload): gets the wheels that the store lacks
 *
 * Returns: (transfer full) (nullable)
 */
TerraneWheelSearch *terrane_wheel_search_new (TerraneRemote *remote, const TerranePin *source,
                                              GArray *downloads, GError **error);
void terrane_wheel_search_free (TerraneWheelSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelSearch, terrane_wheel_search_free)

G_END_DECLS
