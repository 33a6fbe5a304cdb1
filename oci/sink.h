/* Where a producer of bytes puts them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * OciSink:
 * @data: the consumer's own
 *
 * Takes all @len bytes, in order, from one thread.
 */
typedef gboolean (*OciSink) (gpointer data, const void *bytes, size_t len, GError **error);

G_END_DECLS
