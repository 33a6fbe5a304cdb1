/* Writes outputs of a build that are zips for AWS Lambda. */
#pragma once

#include "builder/build.h"
#include "builder/cli/workbench.h"
#include "builder/zip/request.h"

G_BEGIN_DECLS

/** Returns: (transfer full): of TerraneZipRequest: those of @outputs (nullable) that are zips,
 * checked. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
GPtrArray *terrane_zip_output_requests (char **outputs, const TerraneProfile *profile,
                                        GError **error);

/** Writes the zips, and a report about them to @record as "lambda". @jobs: number of threads, at
 * least 1. Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_zip_output_write (const TerraneBuild *build, const TerraneProfile *profile,
                                   const GPtrArray *requests, const TerraneWorkbench *bench,
                                   unsigned jobs, json_t *record, GError **error);

/** Prints the same report; nothing for NULL. */
void terrane_zip_output_print (const json_t *report);

G_END_DECLS
