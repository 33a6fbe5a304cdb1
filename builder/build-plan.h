/* What a build and a push would do, and why, without doing any of it. */
#pragma once

#include "builder/build-plan-options.h"
#include "builder/profile/profile.h"

G_BEGIN_DECLS

/**
 * terrane_build_plan:
 * @pushes: of char *: docker://…, with ${lock.short} in them
 *
 * Returns: (transfer full) (nullable): what docs/record.md has of a plan; %NULL with the error that
 * a build would begin with
 */
json_t *terrane_build_plan (TerraneStore *store, const TerraneProfile *profile,
                            const TerraneBuildPlanOptions *options, char *const *pushes,
                            GError **error);

G_END_DECLS
