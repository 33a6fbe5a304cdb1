/* Events move from the version before to the new one, and back. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Moves events in the steps of the specification, with a look at the function after each. */
gboolean terrane_deployment_shift (TerraneDeployment *self, GCancellable *cancellable,
                                   GError **error);

/**
 * terrane_deployment_roll_back:
 *
 * Makes the alias what it was, unless another hand has changed it; sets @result. Cannot be
 * interrupted.
 */
void terrane_deployment_roll_back (TerraneDeployment *self);

/** Where the events go: "all to version 7". Returns: (transfer full) */
char *terrane_deployment_traffic (const TerraneDeployment *self);

G_END_DECLS
