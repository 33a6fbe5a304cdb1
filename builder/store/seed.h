/* Another store with what was only downloaded, so that a build in it needs no network for that. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/** Gives @to the downloads of @from, as links to the same files: whatever uses one verifies it. */
gboolean terrane_seed_downloads (TerraneStore *from, TerraneStore *to, GError **error);

/** Gives @to the image @manifest of @from, verified; one that @from lacks parts of is left out. */
void terrane_seed_image (TerraneStore *from, TerraneStore *to, const OciDigest *manifest);

G_END_DECLS
