/* Hash tables over untrusted text. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * oci_text_hash:
 * @text: a NUL-terminated string, as g_str_equal() takes
 *
 * A GHashFunc to use instead of g_str_hash(), for which an attacker can make any number of strings
 * with equal hashes, and so a table that takes quadratic time. The key differs in each process, and
 * so does the order of a table: whatever comes out of one is sorted before it is shown or stored.
 */
guint oci_text_hash (gconstpointer text);

/** Computes SipHash-1-3 of @len bytes under @key; exported for tests. */
guint64 oci_siphash (const guint64 key[2], const void *data, gsize len);

G_END_DECLS
