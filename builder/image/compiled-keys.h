/* Lists the results of the recipes of a build's trees, by key. */
#pragma once

#include "builder/source/pin.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_keys:
 * @pins: of TerranePin; those that are not compiled are skipped. Returns: (transfer full): array of
 *   {"recipe": "zlib 1.3", "key"}, the recipes of a tree in the order of needs; each once, even if
 *   several trees need it
 */
json_t *terrane_compiled_keys (const GPtrArray *pins);

G_END_DECLS
