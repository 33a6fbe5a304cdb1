/* What is wrong with a text that was refused as JSON. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * oci_json_describe_fault:
 * @text: any bytes, which jansson refused
 * @refusal: (nullable): what it said of them
 * @quote: whether the text is what the user wrote: then the line is shown, with a mark at the
 *   fault. FALSE: no word of the text is repeated, which may be a password
 *
 * Returns: (transfer full) (nullable): %NULL without @refusal when no fault is found, else
 * "LINE:COLUMN: what is wrong; what to do", both counted from 1, columns in characters
 */
char *oci_json_describe_fault (const char *text, size_t size, const json_error_t *refusal,
                               gboolean quote);

G_END_DECLS
