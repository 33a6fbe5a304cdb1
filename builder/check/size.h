/* What makes an image large, and whether that is more than its profile allows. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "size". */
gboolean terrane_check_size (const TerraneCheck *check, const TerraneCheckFacts *facts,
                             TerraneFindings *findings, GError **error);

G_END_DECLS
