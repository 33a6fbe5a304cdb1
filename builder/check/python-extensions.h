/* Finds extension modules that the image's Python ignores, because their names are for another
 * Python or system. Importing such a package says "No module named" although the file exists. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

/** Adds findings "python.foreign-extension": errors if a package has no others. */
void terrane_check_extensions (const TerraneImageView *view, const TerranePython *python,
                               TerraneFindings *findings);

G_END_DECLS
