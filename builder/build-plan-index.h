/* Pushes of several planned platforms to one name, which becomes an image index. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

/**
 * terrane_build_plan_unite:
 * @plans: array of results of terrane_build_plan(), one for each platform
 *
 * Corrects the pushes that all platforms share: the name refers to the index, and a layer of
 * several platforms is sent once.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_build_plan_unite (TerraneStore *store, TerraneRemote *remote, json_t *plans,
                                   GError **error);

G_END_DECLS
