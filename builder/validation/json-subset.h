/* Compares a JSON value with an expected one. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_json_subset:
 * @expect: objects in @value may have further members, at any depth; everything else must be equal,
 *   and numbers are compared by value
 *
 * Returns: (transfer full) (nullable): %NULL if it matches; else the first difference: "statusCode
 *   is 500, expected 200"
 */
char *terrane_json_subset (json_t *expect, json_t *value);

G_END_DECLS
