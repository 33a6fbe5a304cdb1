/* An image as one document for people: sizes, layers, findings, packages; and what a build's record
 * and another image add. */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

typedef struct
{
  const char *today;      /* "YYYY-MM-DD", for checks that depend on it */
  const json_t *record;   /* (nullable): of a build of this image */
  TerraneDiffSide *other; /* (nullable): an image that came before it */
} TerraneReportOptions;

/** Returns: (transfer full) (nullable): the document "report" of docs/record.md */
json_t *terrane_report (TerraneDiffSide *image, const TerraneReportOptions *options,
                        GError **error);

G_END_DECLS
