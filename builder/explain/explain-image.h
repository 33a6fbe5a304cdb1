/* The steps after the layers. */
#pragma once

#include "builder/explain/explanation.h"

G_BEGIN_DECLS

/** Adds the checks, the image and the validation with their reasons. */
void terrane_explain_image (TerraneExplanation *self);

G_END_DECLS
