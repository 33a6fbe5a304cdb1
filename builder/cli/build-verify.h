/* "build --verify": the image is made a second time from nothing, and compared. */
#pragma once

#include "builder/cli/build-run.h"

G_BEGIN_DECLS

/**
 * terrane_build_verify:
 * @first: what was built, and has its name in the store
 * @options: that it was built with
 * @record: gets "verified": whether both are equal, and what differs
 *
 * Builds again, from the lock, in a store that has nothing but the downloads, of which nothing
 * stays. %TERRANE_ERROR_DIFFERENT when it gives another image.
 */
gboolean terrane_build_verify (const TerraneBuildSession *session, const TerraneProfile *profile,
                               const TerraneBuild *first, const TerraneBuildOptions *options,
                               json_t *record, GError **error);

G_END_DECLS
