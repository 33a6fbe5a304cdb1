/* Writes trees of a built image as zips for AWS Lambda: layers and functions without an image. */
#pragma once

#include "builder/progress.h"
#include "builder/zip/request.h"

#include "oci/layout.h"

#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneStore *store;
  const TerraneProfile *profile;
  const TerraneProfileTexts *texts;
  const OciDescriptor *manifest; /* of the image */
  const OciDigest *base;         /* commit of the base */
  const GArray *trees;           /* of OciDigest: commits, in the profile's order */
  unsigned jobs;                 /* number of threads, at least 1 */
  const TerraneProgress *progress;
} TerraneZipBuild;

/**
 * terrane_zips_write:
 * @requests: of TerraneZipRequest, checked
 * @out_report: (out) (transfer full): docs/record.md, "lambda"
 *
 * Arranges the trees as Lambda unpacks zips, checks them with its limits and its runtime, and
 * writes the files, either all or none.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_IO_ERROR (from libostree).
 */
gboolean terrane_zips_write (const TerraneZipBuild *build, const GPtrArray *requests,
                             json_t **out_report, GError **error);

G_END_DECLS
