/* Days as text: "2026-06-30" (RFC 3339 full-date). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Whether @text is "YYYY-MM-DD" of a day that exists. */
gboolean oci_date_is_valid (const char *text);

/** Days from one date to another. FALSE when one of them is none. */
gboolean oci_date_days_between (const char *from, const char *to, int *out_days);

G_END_DECLS
