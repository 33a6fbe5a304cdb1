/* Reads the lines that Lambda itself writes to a function's log about an invocation. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * terrane_report_line_find_init:
 * @log: (nullable): the end of a log, as text or in Lambda's JSON form; any bytes but NUL
 * @out_usecs: (out): duration of the initialisation
 *
 * Searches the last report, and if it does not mention an initialisation, the separate reports of
 * those that failed or took too long.
 *
 * Returns: whether the invocation included an initialisation
 */
gboolean terrane_report_line_find_init (const char *log, uint64_t *out_usecs);

G_END_DECLS
