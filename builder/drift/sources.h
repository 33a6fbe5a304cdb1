/* Whether the sources of a profile are still what the lock says: tags of images, refs of ostree
 * repositories, archives. */
#pragma once

#include "builder/drift/unit.h"

G_BEGIN_DECLS

/** Asks about the base and every tree; wheels are asked about elsewhere. Fails only with what ends
 * everything: the rest is in the report. */
gboolean terrane_drift_ask_sources (const TerraneDriftUnit *self, GError **error);

G_END_DECLS
