/* What the recipes of a build's trees made, by the keys of the results. */
#pragma once

#include "builder/source/pin.h"

G_BEGIN_DECLS

/** @pins: of TerranePin; those that are not compiled are skipped. Returns: (transfer full): array
 * of {"recipe": "zlib 1.3", "key"}, the recipes of a tree in the order of needs; each once, also
 * when several trees need it */
json_t *terrane_compiled_keys (const GPtrArray *pins);

G_END_DECLS
