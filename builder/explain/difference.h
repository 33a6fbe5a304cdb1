/* Describes in words how two JSON values differ. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_describe_difference:
 * @what: its name, such as "config.env"
 * @before, @after: (nullable): JSON
 * @out_lines: (element-type utf8): receives "config.env.A 1 → 2", "exclude +x −y" and the like
 *
 * Describes the difference between two values.
 */
void terrane_describe_difference (const char *what, const json_t *before, const json_t *after,
                                  GPtrArray *out_lines);

G_END_DECLS
