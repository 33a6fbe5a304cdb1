/* Signatures of what stores give each other: by a secret that both sides have. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** HMAC-SHA256 of @document, in hexadecimal. Returns: (transfer full) */
char *terrane_cache_sign (GBytes *document, const char *secret);

/** Whether @signature, of @size bytes, is that of @document. How long it takes says nothing. */
gboolean terrane_cache_is_signed (GBytes *document, const char *secret, const char *signature,
                                  gsize size);

G_END_DECLS
