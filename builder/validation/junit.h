/* Formats results as JUnit XML, which CI systems display. */
#pragma once

#include <jansson.h>

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_junit_format:
 * @name: of the suite, such as the image
 * @results: from terrane_results_to_json()
 *
 * Returns: (transfer full): the document; characters that XML cannot hold are replaced
 */
char *terrane_junit_format (const char *name, const json_t *results);

G_END_DECLS
