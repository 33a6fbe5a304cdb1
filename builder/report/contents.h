/* What the files of an image are of: tree, then package or place, then path. */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

/**
 * terrane_report_contents:
 * @side: with its files loaded
 * @document: gets "trees" and "packages", see docs/record.md#report
 *
 * Links to a file of the same layer count once. Of many files only the largest are listed by path,
 * so that the document stays small.
 */
gboolean terrane_report_contents (TerraneDiffSide *side, json_t *document, GError **error);

G_END_DECLS
