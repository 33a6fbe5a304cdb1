/* Characters in untrusted text that would mislead a reader. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * oci_unichar_misleads:
 *
 * Whether a character steers a terminal, reorders or joins the text around it, or cannot be seen:
 * controls (C0, DEL, C1), line and paragraph separators, format characters such as bidirectional
 * overrides and isolates or zero-width spaces (general categories Cc, Zl, Zp, Cf), and the others
 * that Unicode calls default-ignorable. Line feeds and tabs are among them.
 */
gboolean oci_unichar_misleads (gunichar character);

/**
 * oci_next_line:
 * @at: (inout): text that is modified; %NULL after the last line
 *
 * Ends the line at *@at with a NUL and advances to the next one. A list of lines would take many
 * times the memory of the text.
 *
 * Returns: (transfer none) (nullable): the line, %NULL at the end
 */
char *oci_next_line (char **at);

G_END_DECLS
