/* "build --verify" and "--verify-compile": the image is made a second time from nothing, and
 * it, or what was compiled for it, is compared. */
#pragma once

#include "builder/build.h"
#include "builder/cli/option-tables.h"
#include "builder/cli/workbench.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneWorkbench *bench;
  const TerraneRemoteArguments *remote;
  const char *source_mirror; /* (nullable) */
  gboolean image;            /* --verify */
  gboolean compiled;         /* --verify-compile */
} TerraneVerify;

/**
 * terrane_build_verify:
 * @first: what was built, and has its name in the store
 * @options: that it was built with
 * @record: gets "verified": whether both are equal, and what differs
 *
 * Builds again, from the lock, in a store that has nothing but the downloads, of which nothing
 * stays. %TERRANE_ERROR_DIFFERENT when it gives something else.
 */
gboolean terrane_build_verify (const TerraneVerify *verify, const TerraneProfile *profile,
                               const TerraneBuild *first, const TerraneBuildOptions *options,
                               json_t *record, GError **error);

G_END_DECLS
