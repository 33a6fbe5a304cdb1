/* The layers of an image that is planned. */
#pragma once

#include "builder/build-plan-state.h"

G_BEGIN_DECLS

/** Sets "layers" and "image" of @self by its base and its trees. */
gboolean terrane_plan_look_at_layers (TerranePlanning *self, GError **error);

G_END_DECLS
