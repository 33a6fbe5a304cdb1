/* Moves events from the previous version to the new one, and back. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Moves events in the steps of the specification, and examines the function after each. Errors:
 * %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_deployment_shift (TerraneDeployment *self, GCancellable *cancellable,
                                   GError **error);

/** Restores the alias, unless another client has changed it; sets @result. Cannot be interrupted.
 */
void terrane_deployment_roll_back (TerraneDeployment *self);

/** Returns: (transfer full): where the events go: "all to version 7" */
char *terrane_deployment_traffic (const TerraneDeployment *self);

G_END_DECLS
