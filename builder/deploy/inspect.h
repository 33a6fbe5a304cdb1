/* Inspects a function before anything is changed, and decides whether the image can be deployed to
 * it. */
#pragma once

#include "builder/deploy/deployment.h"

G_BEGIN_DECLS

/** Finds the function, its alias, and the image of the alias's version. Sets
 * %TERRANE_DEPLOY_UNCHANGED if there is nothing to do. Continues an interrupted shift to this
 * image. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
gboolean terrane_deployment_inspect (TerraneDeployment *self, GCancellable *cancellable,
                                     GError **error);

G_END_DECLS
