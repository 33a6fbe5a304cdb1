/* Compares what two images depend on besides their sources. */
#pragma once

#include "builder/explain/comparison.h"

G_BEGIN_DECLS

/** Adds causes about the configuration, the annotations, the layers, the checks and the validation
 * of an image; those about sources have been added before. */
void terrane_compare_images (TerraneComparison *self);

G_END_DECLS
