/* Compares what was compiled by recipes with the libraries in the image. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "recipe". Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_check_recipe (const TerraneCheck *check, const TerraneCheckFacts *facts,
                               TerraneFindings *findings, GError **error);

G_END_DECLS
