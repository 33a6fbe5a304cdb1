/* A new version of a function with the image. Events do not reach it yet. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Asks AWS whether the update would be allowed. */
gboolean terrane_deployment_rehearse (TerraneDeployment *self, GCancellable *cancellable,
                                      GError **error);

/** UpdateFunctionCode and PublishVersion, until the version can run. */
gboolean terrane_deployment_update (TerraneDeployment *self, GCancellable *cancellable,
                                    GError **error);

/** What PublishVersion says of the version. Returns: (transfer full) */
char *terrane_deployment_describe (const TerraneDeployment *self);

G_END_DECLS
