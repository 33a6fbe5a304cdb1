/* Describes the first fault of a text that was refused as JSON. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/**
 * oci_json_describe_fault:
 * @text: any bytes, which jansson refused
 * @refusal: (nullable): jansson's error
 * @quote: whether the user wrote the text: then the line is shown, with a mark at the fault.
 *   Otherwise no word of the text is repeated, since it may be a password
 *
 * Returns: (transfer full) (nullable): %NULL without @refusal if no fault is found, else
 * "LINE:COLUMN: FAULT; ADVICE", both numbers counted from 1, columns in characters
 */
char *oci_json_describe_fault (const char *text, size_t size, const json_error_t *refusal,
                               gboolean quote);

G_END_DECLS
