/* Represents names and link targets of any bytes as UTF-8 text, for formats that can only hold
 * UTF-8, such as ostree's trees and JSON.
 *
 * Valid text is unchanged. A byte that is not UTF-8 becomes a character of U+EF80…U+EFFF, as in
 * MirBSD's OPTU-8; so does each byte of such a character in the input, which makes the mapping
 * reversible. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer full): valid UTF-8, equal to @bytes if that is ordinary text */
char *oci_raw_name_to_text (const char *bytes);

/** The reverse of oci_raw_name_to_text(). Returns: (transfer full) */
char *oci_raw_name_from_text (const char *text);

/** Whether oci_raw_name_from_text() would return something other than @text. */
gboolean oci_raw_name_is_encoded (const char *text);

/** For messages: shows bytes that are not UTF-8 and control characters as "\\xNN".
 * Returns: (transfer full) */
char *oci_raw_name_show (const char *bytes);

G_END_DECLS
