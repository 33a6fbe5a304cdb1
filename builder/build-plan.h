/* Finds out what a build and a push would do, and why, without doing any of it. */
#pragma once

#include "builder/build-plan-options.h"
#include "builder/profile/profile.h"

G_BEGIN_DECLS

/**
 * terrane_build_plan:
 * @pushes: of char *: docker://…, may contain ${lock.short}
 *
 * Returns: (transfer full): the plan, see docs/record.md
 * Errors: see terrane_build(), as far as a build would fail before it makes anything:
 *   %TERRANE_ERROR_REFUSED, %TERRANE_ERROR_STALE, the codes of OCI_ERROR, and those of %G_IO_ERROR
 *   (from libostree).
 */
json_t *terrane_build_plan (TerraneStore *store, const TerraneProfile *profile,
                            const TerraneBuildPlanOptions *options, char *const *pushes,
                            GError **error);

G_END_DECLS
