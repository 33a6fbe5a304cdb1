/* Whether a JSON value has what was expected of it. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_json_subset:
 * @expect: objects may have further members in @value, at any depth; everything else is equal, and
 *   numbers are by their values
 *
 * Returns: (transfer full) (nullable): NULL when it has; else the first difference:
 *   "statusCode is 500, expected 200"
 */
char *terrane_json_subset (json_t *expect, json_t *value);

G_END_DECLS
