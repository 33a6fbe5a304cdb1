/* Breaks down the files of an image by tree, then package or directory, then path. */
#pragma once

#include "builder/diff/side.h"

G_BEGIN_DECLS

/**
 * terrane_report_contents:
 * @side: with its files loaded
 * @document: receives "trees" and "packages", see docs/record.md#report
 *
 * Links to a file of the same layer count once. If there are many files, only the largest are
 * listed by path, so that the document stays small.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_report_contents (TerraneDiffSide *side, json_t *document, GError **error);

G_END_DECLS
