/* What a profile asks for, made definite: each source by its lock entry or again, so that the trees
 * that are read afterwards depend on nothing that can change. */
#pragma once

#include "builder/resolve/options.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/**
 * terrane_resolve:
 * @profile: must outlive the plan
 * @out_base: (out) (optional) (transfer full): the base, in the store; without it the base is only
 *   fetched when wheels need to know its Python
 * @out_changes: (element-type utf8): a line for each difference to the lock as it was
 *
 * Resolves every source of @profile for its platform. %TERRANE_ERROR_STALE with all differences
 * when the policy requires the lock; then nothing is asked of anybody for new answers.
 * %OCI_ERROR_USAGE when the lock was made for images of another assembler version.
 *
 * Returns: (transfer full) (nullable): without @out_base, sources may lack what only reading needs
 */
TerranePlan *terrane_resolve (const TerraneProfile *profile, const TerraneResolveOptions *options,
                              TerraneBase **out_base, GPtrArray *out_changes, GError **error);

G_END_DECLS
