/* Python packages that cannot be imported, or not as intended: what pip would have said, and what
 * comes of files that were copied, stripped or mixed by hand. */
#pragma once

#include "builder/check/subject.h"

G_BEGIN_DECLS

/** Adds findings of the family "python". An image without Python has none. */
gboolean terrane_check_python (const TerraneCheck *check, const TerraneCheckFacts *facts,
                               TerraneFindings *findings, GError **error);

G_END_DECLS
