/* Whether the wheels of the lock are still offered, and whether there are newer ones. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/drift/unit.h"

G_BEGIN_DECLS

/**
 * terrane_drift_ask_wheels:
 * @inventory: whose packages say what they need of others
 *
 * Asks the places of the profile's wheels. A newer wheel is one that fits the image, was not
 * yanked, is not a pre-release unless these are used, and is allowed by the file that the
 * requirements were made from (requirements.in beside requirements.txt) and by the packages of the
 * image.
 *
 * Fails only with what ends everything.
 */
gboolean terrane_drift_ask_wheels (const TerraneDriftUnit *unit, const TerraneInventory *inventory,
                                   GError **error);

G_END_DECLS
