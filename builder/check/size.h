/* Finds what makes an image large, and whether it exceeds the limits of its profile. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "size". Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_check_size (const TerraneCheck *check, const TerraneCheckFacts *facts,
                             TerraneFindings *findings, GError **error);

G_END_DECLS
