/* What Lambda itself writes into a function's log about an invocation. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * terrane_report_line_find_init:
 * @log: (nullable): the end of a log, as text or in Lambda's JSON form; any bytes but NUL
 * @out_usecs: (out): how long the initialisation took
 *
 * Looks into the last report, and, when that says nothing of it, for initialisations that Lambda
 * reports by themselves: those that failed or took too long. Returns: whether the invocation met an
 * initialisation
 */
gboolean terrane_report_line_find_init (const char *log, uint64_t *out_usecs);

G_END_DECLS
