/* Finds where a text stops being JSON, and explains it to its author. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first fault of a text. */
typedef struct
{
  size_t offset; /* of the wrong byte, at most the size of the text */
  size_t token;  /* offset of the last token that starts before the end of the text */
  char *message; /* (nullable): "FAULT; ADVICE"; NULL: no fault was found */
} OciJsonFault;

/**
 * oci_json_scan:
 * @text: any bytes, without a terminating NUL
 * @quote: whether the message may repeat words of the text, which may be secret
 *
 * Reads the text by RFC 8259. It does not look for duplicate keys, or for numbers that are too
 * large.
 */
void oci_json_scan (const char *text, size_t size, gboolean quote, OciJsonFault *out_fault);
void oci_json_fault_clear (OciJsonFault *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciJsonFault, oci_json_fault_clear)

G_END_DECLS
