/* Extension modules that the image's Python does not look at, because their names are for another
 * Python or system. To import such a package says "No module named" although the file is there. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/** Adds findings "python.foreign-extension": errors where a package has no others. */
void terrane_check_extensions (const TerraneImageView *view, const TerranePython *python,
                               TerraneFindings *findings);

G_END_DECLS
