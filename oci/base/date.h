/* Days as text: "2026-06-30" (RFC 3339 full-date). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Whether @text is "YYYY-MM-DD" and that day exists. */
gboolean oci_date_is_valid (const char *text);

/** Counts the days from one date to another. Returns: %FALSE if either is not a valid date */
gboolean oci_date_days_between (const char *from, const char *to, int *out_days);

G_END_DECLS
