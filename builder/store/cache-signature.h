/* Signatures for data exchanged between stores, with a shared secret. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer full): HMAC-SHA256 of @document, in hexadecimal */
char *terrane_cache_sign (GBytes *document, const char *secret);

/** Whether @signature, of @size bytes, is that of @document. Takes constant time. */
gboolean terrane_cache_is_signed (GBytes *document, const char *secret, const char *signature,
                                  gsize size);

G_END_DECLS
