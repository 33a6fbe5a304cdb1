/* What was compiled by recipes, and whether it was compiled against what the image has. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "recipe". */
gboolean terrane_check_recipe (const TerraneCheck *check, const TerraneCheckFacts *facts,
                               TerraneFindings *findings, GError **error);

G_END_DECLS
