/* What the checks found and what a validation gave, by way of registries: for exactly the same
 * inputs neither is done again. */
#pragma once

#include "builder/remote/shared-cache.h"

G_BEGIN_DECLS

/**
 * terrane_shared_result_take:
 * @kind: one that needs no layers
 * @cache: (nullable)
 * @out_value: (out) (transfer full) (nullable): an array, as it was given
 */
gboolean terrane_shared_result_take (TerraneSharedCache *cache, TerraneSharedKind kind,
                                     const OciDigest *key, json_t **out_value, GError **error);

/** Gives @value, an array, unless the registries have it. @cache: (nullable) */
gboolean terrane_shared_result_give (TerraneSharedCache *cache, TerraneStore *store,
                                     TerraneSharedKind kind, const OciDigest *key, json_t *value,
                                     GError **error);

G_END_DECLS
