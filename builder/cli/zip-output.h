/* Outputs of a build that are zips for AWS Lambda. */
#pragma once

#include "builder/build.h"
#include "builder/cli/workbench.h"
#include "builder/zip/request.h"

G_BEGIN_DECLS

/** Those of @outputs (nullable) that are such, checked. Returns: (transfer full) (nullable): of
 * TerraneZipRequest */
GPtrArray *terrane_zip_output_requests (char **outputs, const TerraneProfile *profile,
                                        GError **error);

/** Writes them, and what was written into @record as "lambda". @jobs: threads, at least 1 */
gboolean terrane_zip_output_write (const TerraneBuild *build, const TerraneProfile *profile,
                                   const GPtrArray *requests, const TerraneWorkbench *bench,
                                   unsigned jobs, json_t *record, GError **error);

/** Prints the same for people; NULL prints nothing. */
void terrane_zip_output_print (const json_t *report);

G_END_DECLS
