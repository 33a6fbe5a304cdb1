/* Describes an image in one document: sizes, layers, findings, packages; optionally a build's
 * record and a comparison with another image. */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

typedef struct
{
  const char *today;      /* "YYYY-MM-DD", for checks that depend on it */
  const json_t *record;   /* (nullable): of a build of this image */
  TerraneDiffSide *other; /* (nullable): an earlier image to compare with */
} TerraneReportOptions;

/** Returns: (transfer full): the document "report" of docs/record.md. Errors: %OCI_ERROR_USAGE,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO,
 * codes of %G_IO_ERROR (from libostree). */
json_t *terrane_report (TerraneDiffSide *image, const TerraneReportOptions *options,
                        GError **error);

G_END_DECLS
