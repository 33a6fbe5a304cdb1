/* Describes the differences between two entries of a lock. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_lock_describe_change:
 * @what: the source, such as "base" or "deps"
 * @before, @after: (nullable): entries
 * @out_lines: (element-type utf8): receives a line for each difference, such as "deps: numpy 2.1.0
 *   → 2.2.0"
 */
void terrane_lock_describe_change (const char *what, const json_t *before, const json_t *after,
                                   GPtrArray *out_lines);

G_END_DECLS
