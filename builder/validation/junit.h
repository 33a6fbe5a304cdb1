/* Results as JUnit XML, which CI systems show. */
#pragma once

#include <jansson.h>

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_junit_format:
 * @name: of the suite, such as the image
 * @results: as terrane_results_to_json() gives them
 *
 * Returns: (transfer full): the document; what XML cannot hold is replaced
 */
char *terrane_junit_format (const char *name, const json_t *results);

G_END_DECLS
