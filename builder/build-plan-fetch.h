/* What a build that is planned would download. */
#pragma once

#include "builder/build-plan-state.h"

G_BEGIN_DECLS

/** Adds to steps of @plan what they would download, as "fetch". */
gboolean terrane_plan_add_fetches (const TerranePlanning *self, json_t *plan, GError **error);

G_END_DECLS
