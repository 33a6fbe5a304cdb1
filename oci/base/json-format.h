/* Texts that look as if they were never meant as JSON, or not saved as UTF-8. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * oci_json_other_format:
 * @text: any bytes, which are not a JSON document
 * @out_offset: (out): of the byte that shows it
 *
 * Tells the format by the first lines.
 *
 * Returns: (transfer none) (nullable): what it is; what to do. %NULL when it may be meant as JSON
 */
const char *oci_json_other_format (const char *text, size_t size, size_t *out_offset);

G_END_DECLS
