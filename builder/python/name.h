/* Names of Python projects and extras: PEP 503 ("Normalized Names") and PEP 508 ("Names"). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_python_is_name:
 * @text: any bytes
 *
 * Whether @text is a name in the grammar of PEP 508: ASCII letters, digits, ".", "_" and "-", with
 * a letter or digit at both ends.
 */
gboolean terrane_python_is_name (const char *text);

/**
 * terrane_python_normalise_name:
 * @name: a name; other text is normalised by the same rule, and may not become a name
 *
 * PEP 503: lower case, and each run of ".", "_" and "-" becomes one "-". Two names are the same
 * project if their normalised forms are equal; PEP 685 says the same about extras.
 *
 * Returns: (transfer full): the normalised name
 */
char *terrane_python_normalise_name (const char *name);

G_END_DECLS
