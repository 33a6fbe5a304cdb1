/* Shares findings and results of validations through registries: for exactly the same inputs
 * neither is done again.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/remote/shared-cache.h"

G_BEGIN_DECLS

/**
 * terrane_shared_result_take:
 * @kind: one that needs no layers
 * @cache: (nullable)
 * @out_value: (out) (transfer full) (nullable): an array, as it was given
 *
 * Looks for a result.
 *
 * Errors: see the head.
 */
gboolean terrane_shared_result_take (TerraneSharedCache *cache, TerraneSharedKind kind,
                                     const OciDigest *key, json_t **out_value, GError **error);

/** Gives @value, an array, unless the registries have it. @cache: (nullable). Errors: see the head.
 */
gboolean terrane_shared_result_give (TerraneSharedCache *cache, TerraneStore *store,
                                     TerraneSharedKind kind, const OciDigest *key, json_t *value,
                                     GError **error);

G_END_DECLS
