/* Results of a validation for people, and for CI systems. */
#pragma once

#include "builder/cli/command.h"

#include <jansson.h>

G_BEGIN_DECLS

/** Prints a table. @results: as terrane_results_to_json() gives them */
void terrane_validation_report_print (const json_t *results);

/** Writes JUnit XML. @name: of the suite */
gboolean terrane_validation_report_write_junit (const char *path, const char *name,
                                                const json_t *results, GError **error);

G_END_DECLS
