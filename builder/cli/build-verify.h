/* "build --verify" and "--verify-compile": makes the image a second time from nothing, and compares
 * it, or what was compiled for it. */
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
 * @first: the result, which has its name in the store
 * @options: of that build
 * @record: receives "verified": whether both are equal, and the differences
 *
 * Builds again, from the lock, in a temporary store that only has the downloads.
 * %TERRANE_ERROR_DIFFERENT if the result differs. Errors: %TERRANE_ERROR_DIFFERENT; those of
 * terrane_build(): %TERRANE_ERROR_REFUSED, %TERRANE_ERROR_STALE, the codes of OCI_ERROR, and those
 * of %G_IO_ERROR (from libostree) and %G_FILE_ERROR.
 */
gboolean terrane_build_verify (const TerraneVerify *verify, const TerraneProfile *profile,
                               const TerraneBuild *first, const TerraneBuildOptions *options,
                               json_t *record, GError **error);

G_END_DECLS
