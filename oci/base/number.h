/* The only reader of numbers in text. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * oci_parse_u64:
 * @text: decimal digits only: no sign, no spaces, no empty text
 * @max: largest accepted value
 */
gboolean oci_parse_u64 (const char *text, uint64_t max, uint64_t *out_value, GError **error);

/** "512 B", "1.5 kB", "168.1 MB": decimal units, for people. Returns: (transfer full) */
char *oci_format_size (uint64_t bytes);

G_END_DECLS
