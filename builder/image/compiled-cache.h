/* Shares results of recipes through registries, so that other machines need not compile them again.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED,
 * codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/image/base.h"
#include "builder/image/source-image.h"
#include "builder/remote/shared-cache.h"

G_BEGIN_DECLS

/**
 * terrane_compiled_cache_take:
 * @pin: of a source of kind "compile"; its key is set
 * @base: (nullable): the image's base, which results must fit
 *
 * Looks for the result of its recipe, unless that is in the store, and if there is none, for the
 * results of the recipes that it needs. Found results are added to the store as if they had been
 * compiled here. Invalid results give a warning and are not used.
 *
 * Errors: see the head.
 */
gboolean terrane_compiled_cache_take (const TerraneSourceContext *context,
                                      TerraneSharedCache *cache, TerranePin *pin,
                                      const TerraneBase *base, GError **error);

/** Gives the results of its recipes that are in the store to the registries that lack them.
 * Errors: see the head. */
gboolean terrane_compiled_cache_give (const TerraneSourceContext *context,
                                      TerraneSharedCache *cache, TerranePin *pin, GError **error);

G_END_DECLS
