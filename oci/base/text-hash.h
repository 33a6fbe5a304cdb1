/* Hash tables over text from strangers. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * oci_text_hash:
 * @text: a NUL-terminated string, as g_str_equal() takes
 *
 * A GHashFunc instead of g_str_hash(), for which anyone can make any number of strings with equal
 * hashes, and so a table that takes quadratic time. The key is another one in each process, and so
 * is the order of a table: what comes out of one is sorted before it is shown or stored.
 */
guint oci_text_hash (gconstpointer text);

/** SipHash-1-3 of @len bytes under @key, for tests. */
guint64 oci_siphash (const guint64 key[2], const void *data, gsize len);

G_END_DECLS
