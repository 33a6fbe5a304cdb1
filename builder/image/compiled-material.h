/* Lists what was compiled for an image: redistributing the image requires the version, sources and
 * licence of each recipe, even if it is only a part of another library. */
#pragma once

#include "builder/source/pin.h"
#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_material:
 * @pins: of TerranePin: of the trees, with their keys
 * @out_material: (out) (transfer full) (nullable): array, see docs/record.md; %NULL if nothing is
 *   compiled
 *
 * Contains each recipe of each prefix and file system once, after those that it needs.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_compiled_material (TerraneStore *store, const GPtrArray *pins,
                                    json_t **out_material, GError **error);

G_END_DECLS
