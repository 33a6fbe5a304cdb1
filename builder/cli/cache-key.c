#include "builder/cli/cache-key.h"

#include "oci/base/error.h"

#include <string.h>

#define KEY_VARIABLE "TERRANE_CACHE_KEY"

enum
{
  MIN_KEY_BYTES = 16,
};

gboolean
terrane_cache_key_find (const char **out_key, GError **error)
{
  const char *key = g_getenv (KEY_VARIABLE);
  *out_key = key != NULL && key[0] != '\0' ? key : NULL;
  return *out_key == NULL || strlen (key) >= MIN_KEY_BYTES
         || oci_throw (error, OCI_ERROR_USAGE,
                       KEY_VARIABLE " has less than %d characters; 'openssl rand -hex 32' makes a "
                                    "good one",
                       MIN_KEY_BYTES);
}
