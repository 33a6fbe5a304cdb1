/* Prints the results of a validation, and writes them for CI systems. */
#pragma once

#include "builder/cli/command.h"

#include <jansson.h>

G_BEGIN_DECLS

/**
 * terrane_validation_report_print:
 * @results: from terrane_results_to_json()
 * @brief: only count the operations of the suite and the orders that did not fail
 *
 * Prints a table.
 */
void terrane_validation_report_print (const json_t *results, gboolean brief);

/** Writes JUnit XML. @name: of the suite. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO. */
gboolean terrane_validation_report_write_junit (const char *path, const char *name,
                                                const json_t *results, GError **error);

G_END_DECLS
