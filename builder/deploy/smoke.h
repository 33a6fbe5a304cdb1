/* Sends events that a version must answer correctly. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Whether the new version answers all events correctly: %TERRANE_ERROR_REFUSED if not.
 * Errors: see the head. */
gboolean terrane_deployment_try_version (TerraneDeployment *self, GCancellable *cancellable,
                                         GError **error);

/** Like terrane_deployment_try_version(), through the alias. An event that is routed to the
 * previous version is also sent to the new one directly; a wrong answer of the previous version is
 * ignored. Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
gboolean terrane_deployment_try_alias (TerraneDeployment *self, GCancellable *cancellable,
                                       GError **error);

G_END_DECLS
