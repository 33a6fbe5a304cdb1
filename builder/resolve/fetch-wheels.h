/* The wheels that the lock names, from where the lock says or from wherever they are now. */
#pragma once

#include "builder/profile/source-spec.h"
#include "builder/remote/download.h"

G_BEGIN_DECLS

/* What looks for wheels, for as long as they are downloaded. */
typedef struct _TerraneWheelSearch TerraneWheelSearch;

/**
 * terrane_wheel_search_new:
 * @spec: a resolved source of wheels; must outlive @self
 * @downloads: (element-type TerraneDownload): gets the wheels that the store lacks
 *
 * Returns: (transfer full) (nullable)
 */
TerraneWheelSearch *terrane_wheel_search_new (TerraneRemote *remote, const TerraneSourceSpec *spec,
                                              GArray *downloads, GError **error);
void terrane_wheel_search_free (TerraneWheelSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheelSearch, terrane_wheel_search_free)

G_END_DECLS
