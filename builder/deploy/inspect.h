/* What there is before anything is changed, and whether the image can go there. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/**
 * terrane_deployment_inspect:
 *
 * Finds the function, its alias, and the image of the alias's version. Sets
 * %TERRANE_DEPLOY_UNCHANGED when nothing is to be done. A shift to this image that was interrupted
 * is gone on with.
 */
gboolean terrane_deployment_inspect (TerraneDeployment *self, GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
