/* Whether images in registries and files are still what the lock says. */
#pragma once

#include "builder/drift/unit.h"

G_BEGIN_DECLS

/** @entry: of the lock. Fails only with what ends everything. */
gboolean terrane_drift_ask_image (const TerraneDriftUnit *self, const TerraneSourceSpec *spec,
                                  const json_t *entry, GError **error);

G_END_DECLS
