/* Pins every source of a profile, from its lock entry or newly, so that the trees that are read
 * afterwards depend on nothing that can change. */
#pragma once

#include "builder/resolve/options.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/**
 * terrane_resolve:
 * @profile: must outlive the plan
 * @out_base: (out) (optional) (transfer full): the base, in the store; if %NULL, the base is only
 *   fetched if wheels need to know its Python
 * @out_changes: (element-type utf8): receives a line for each difference to the lock
 *
 * Resolves every source of @profile for its platform. %TERRANE_ERROR_STALE with all differences if
 * the policy requires the lock; then no request is made for new answers. %OCI_ERROR_USAGE if the
 * lock was made for images of another assembler version.
 *
 * Returns: (transfer full): without @out_base, sources may lack what only reading needs
 * Errors: %TERRANE_ERROR_STALE, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 *   %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED,
 *   codes of %G_IO_ERROR (from libostree).
 */
TerranePlan *terrane_resolve (const TerraneProfile *profile, const TerraneResolveOptions *options,
                              TerraneBase **out_base, GPtrArray *out_changes, GError **error);

G_END_DECLS
