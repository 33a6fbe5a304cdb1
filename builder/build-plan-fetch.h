/* Finds out what a planned build would download. */
#pragma once

#include "builder/build-plan-state.h"

G_BEGIN_DECLS

/** Adds the downloads of each step to @plan, as "fetch". Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean terrane_plan_add_fetches (const TerranePlanning *self, json_t *plan, GError **error);

G_END_DECLS
