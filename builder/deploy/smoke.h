/* Events that a version must answer. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Whether the new version answers all events as it should: %TERRANE_ERROR_REFUSED if not. */
gboolean terrane_deployment_try_version (TerraneDeployment *self, GCancellable *cancellable,
                                         GError **error);

/**
 * terrane_deployment_try_alias:
 *
 * The same through the alias. Events that come to the version before are given to the new one
 * directly as well: how that one answered is not held against it.
 */
gboolean terrane_deployment_try_alias (TerraneDeployment *self, GCancellable *cancellable,
                                       GError **error);

G_END_DECLS
