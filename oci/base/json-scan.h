/* Where a text stops being JSON, and why, in words for those who wrote it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first fault of a text. */
typedef struct
{
  size_t offset; /* of the byte that is wrong, at most the size of the text */
  size_t token;  /* offset of the last token that starts before the end of the text */
  char *message; /* (nullable): what is wrong; what to do. NULL: no fault was found */
} OciJsonFault;

/**
 * oci_json_scan:
 * @text: any bytes, which need no NUL at their end
 * @quote: whether the message may repeat words of the text, which may be a password
 *
 * Reads the text as RFC 8259 has it. What it does not look for: keys that are there twice, and
 * numbers that are too large.
 */
void oci_json_scan (const char *text, size_t size, gboolean quote, OciJsonFault *out_fault);
void oci_json_fault_clear (OciJsonFault *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciJsonFault, oci_json_fault_clear)

G_END_DECLS
