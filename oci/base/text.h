/* Characters of strangers' text that would mislead whoever reads it. */
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

G_END_DECLS
