/* Finds Python packages that cannot be imported, or not as intended: problems that pip would
 * report, and those caused by copying, stripping or mixing files by hand. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "python", none for an image without Python. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_check_python (const TerraneCheck *check, const TerraneCheckFacts *facts,
                               TerraneFindings *findings, GError **error);

G_END_DECLS
