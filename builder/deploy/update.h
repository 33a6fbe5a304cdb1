/* Makes a new version of a function with the image. It receives no events yet.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Asks AWS whether the update would be allowed. Errors: see the head. */
gboolean terrane_deployment_rehearse (TerraneDeployment *self, GCancellable *cancellable,
                                      GError **error);

/** UpdateFunctionCode and PublishVersion; returns when the version can run. Errors: see the head.
 */
gboolean terrane_deployment_update (TerraneDeployment *self, GCancellable *cancellable,
                                    GError **error);

/** Returns: (transfer full): the description of the version for PublishVersion */
char *terrane_deployment_describe (const TerraneDeployment *self);

G_END_DECLS
