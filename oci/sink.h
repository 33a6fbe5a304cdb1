/* A callback to which a producer of bytes writes them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * @data: the consumer's state
 *
 * Takes all @len bytes, in order, from one thread.
 */
typedef gboolean (*OciSink) (gpointer data, const void *bytes, size_t len, GError **error);

G_END_DECLS
