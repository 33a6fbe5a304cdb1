/* What was compiled for an image, as a list of materials: whoever passes the image on has to know
 * of each recipe its version, sources and licence, also where it is only a part of another
 * library. */
#pragma once

#include "builder/source/pin.h"
#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_material:
 * @pins: of TerranePin: of the trees, with their keys
 * @out_material: (out) (transfer full) (nullable): array, see docs/record.md; %NULL when nothing is
 *   compiled
 *
 * Each recipe of each prefix and file system is in it once, after those that it needs.
 */
gboolean terrane_compiled_material (TerraneStore *store, const GPtrArray *pins,
                                    json_t **out_material, GError **error);

G_END_DECLS
