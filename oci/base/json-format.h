/* Recognises texts in other formats than JSON, and those not saved as UTF-8. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * oci_json_other_format:
 * @text: any bytes, which are not a JSON document
 * @out_offset: (out): of the byte that shows the format
 *
 * Recognises the format by the first lines.
 *
 * Returns: (transfer none) (nullable): "FORMAT; ADVICE"; %NULL if it may be meant as JSON
 */
const char *oci_json_other_format (const char *text, size_t size, size_t *out_offset);

G_END_DECLS
