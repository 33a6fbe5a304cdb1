/* Numbers, sizes and durations in text: one grammar for command lines and profiles. */
#pragma once

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * oci_parse_u64:
 * @text: decimal digits only: no sign, no spaces, not empty
 * @max: largest accepted value
 *
 * Reads an unsigned integer.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean oci_parse_u64 (const char *text, uint64_t max, uint64_t *out_value, GError **error);

/**
 * oci_parse_size:
 * @text: a number and its unit: "512MB", "1.5 GB", "600MiB"; at most six digits after the point
 *
 * Reads a size. B, kB, MB, GB and TB are decimal, KiB, MiB, GiB and TiB binary; the default unit is
 * MiB, as in the settings of Lambda. Fractions of a byte are truncated.
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean oci_parse_size (const char *text, uint64_t *out_bytes, GError **error);

/** Returns: (transfer full): @bytes in the form of oci_parse_size(), in the largest unit that is
 * exact */
char *oci_write_size (uint64_t bytes);

/** Reads a duration from 1 ms to @max_ms: "500ms", "90s", "1.5s", "2m", "1h", or "90" for seconds.
 * Errors: %OCI_ERROR_FORMAT. */
gboolean oci_parse_duration (const char *text, uint64_t max_ms, uint64_t *out_ms, GError **error);

/** Returns: (transfer full): a rounded size for messages, in decimal units: "512 B", "1.5 kB",
 * "168.1 MB" */
char *oci_format_size (uint64_t bytes);

G_END_DECLS
