/* Checks whether the wheels of the lock are still available, and whether there are newer ones. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/drift/unit.h"

G_BEGIN_DECLS

/**
 * terrane_drift_ask_wheels:
 * @inventory: its packages constrain the versions of others
 *
 * Asks the places of the profile's wheels. A newer wheel must fit the image, must not be yanked or
 * a pre-release unless these are used, and must be allowed by the file that the requirements were
 * made from (requirements.in next to requirements.txt) and by the packages of the image. An error
 * means that drift as a whole cannot continue.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_drift_ask_wheels (const TerraneDriftUnit *unit, const TerraneInventory *inventory,
                                   GError **error);

G_END_DECLS
