#include "builder/store/cache-signature.h"

#include <string.h>

char *
terrane_cache_sign (GBytes *document, const char *secret)
{
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (document, &size);
  return g_compute_hmac_for_data (G_CHECKSUM_SHA256, (const guint8 *) secret, strlen (secret), data,
                                  size);
}

gboolean
terrane_cache_is_signed (GBytes *document, const char *secret, const char *signature, gsize size)
{
  g_autofree char *expected = terrane_cache_sign (document, secret);
  guint8 difference = 0;
  if (size != strlen (expected))
    return FALSE;
  for (gsize i = 0; i < size; i++)
    difference |= (guint8) (expected[i] ^ signature[i]);
  return difference == 0;
}
