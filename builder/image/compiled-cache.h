/* Compiled trees by way of registries: what a recipe made on one machine is not compiled again on
 * others. */
#pragma once

#include "builder/image/source-image.h"
#include "builder/remote/shared-cache.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_cache_take:
 * @pin: of a source of kind "compile"; gets its key
 *
 * Looks for the result of its recipe, unless that is in the store, and when there is none, for the
 * results of what the recipe needs. What is found is in the store from then on, as if it had been
 * compiled here. A result that is not what it says is warned of and left.
 */
gboolean terrane_compiled_cache_take (const TerraneSourceContext *context,
                                      TerraneSharedCache *cache, TerranePin *pin, GError **error);

/** Gives the results of its recipes that are in the store to the registries that lack them. */
gboolean terrane_compiled_cache_give (const TerraneSourceContext *context,
                                      TerraneSharedCache *cache, TerranePin *pin, GError **error);

G_END_DECLS
