/* Compiles what a build needs: all recipes of its trees whose results are not in the store,
 * concurrently if they do not need each other. */
#pragma once

#include "builder/image/base.h"
#include "builder/image/source-image.h"

G_BEGIN_DECLS

/** Index of the first recipe of the pin's set whose result is part of the tree; the set is sorted
 * by needs. */
guint terrane_compile_first_taken (const TerranePin *pin);

/**
 * terrane_compile_missing:
 * @pins: of TerranePin; those that are not compiled are skipped
 * @base: (nullable): the image's base, whose C library must not be older than the one used for
 *   compiling, also if nothing is compiled now
 *
 * Makes the missing result of each recipe, and caches it by its key. If one fails, those that
 * are running are finished, and no other is started.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_IO_ERROR (from libostree).
 */
gboolean terrane_compile_missing (const TerraneSourceContext *context, const GPtrArray *pins,
                                  const TerraneBase *base, GError **error);

G_END_DECLS
