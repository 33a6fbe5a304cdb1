/* Finds out which layers a planned image would have. */
#pragma once

#include "builder/build-plan-state.h"

G_BEGIN_DECLS

/** Sets "layers" and "image" of @self from its base and its trees. Errors: %TERRANE_ERROR_REFUSED,
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 * %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_plan_look_at_layers (TerranePlanning *self, GError **error);

G_END_DECLS
