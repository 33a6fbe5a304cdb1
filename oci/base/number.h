/* Numbers, sizes and durations in text: one grammar for command lines and profiles. */
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

/**
 * oci_parse_size:
 * @text: a number and its unit: "512MB", "1.5 GB", "600MiB"; at most six digits after the point
 *
 * B, kB, MB, GB, TB are decimal, KiB, MiB, GiB, TiB binary; without a unit it is MiB, as in the
 * settings of Lambda. What is not a whole byte is cut off.
 */
gboolean oci_parse_size (const char *text, uint64_t *out_bytes, GError **error);

/** A size as oci_parse_size() takes it, in the largest unit that is exact. Returns: (transfer full)
 */
char *oci_write_size (uint64_t bytes);

/** "500ms", "90s", "1.5s", "2m", "1h", and "90", which is seconds: from 1 ms to @max_ms. */
gboolean oci_parse_duration (const char *text, uint64_t max_ms, uint64_t *out_ms, GError **error);

/** "512 B", "1.5 kB", "168.1 MB": decimal units, for people. Returns: (transfer full) */
char *oci_format_size (uint64_t bytes);

G_END_DECLS
