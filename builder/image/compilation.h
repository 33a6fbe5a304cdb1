/* What a build compiles: all recipes of its trees that the store has no result of, those that do
 * not need each other at the same time. */
#pragma once

#include "builder/image/source-image.h"

G_BEGIN_DECLS

/** The first recipe of the pin's set whose result is taken: they are in the order of needs. */
guint terrane_compile_first_taken (const TerranePin *pin);

/**
 * terrane_compile_missing:
 * @pins: of TerranePin; those that are not compiled are skipped
 * @base: (nullable): commit of the image's base, whose C library must not be older than that of
 * what is compiled in
 *
 * Makes the result of each recipe that a tree is missing, and remembers it by its key. When one
 * fails, those that run come to their end, and no other is started.
 */
gboolean terrane_compile_missing (const TerraneSourceContext *context, const GPtrArray *pins,
                                  const OciDigest *base, GError **error);

G_END_DECLS
