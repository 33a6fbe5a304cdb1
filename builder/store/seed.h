/* Fills another store with downloads and images, so that a build in it needs no network for
 * them. */
#pragma once

#include "builder/store/store.h"

G_BEGIN_DECLS

/** Adds the downloads of @from to @to, as links to the same files, which are verified when they are
 * used. Errors: %OCI_ERROR_IO. */
gboolean terrane_seed_downloads (TerraneStore *from, TerraneStore *to, GError **error);

/** Adds the image @manifest of @from to @to, verified; does nothing if @from lacks parts of it. */
void terrane_seed_image (TerraneStore *from, TerraneStore *to, const OciDigest *manifest);

G_END_DECLS
