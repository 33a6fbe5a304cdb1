/* WWW-Authenticate values. */
#include "oci/registry/challenge.h"

#include <stddef.h>
#include <stdint.h>

enum
{
  MAX_INPUT_BYTES = 20 * 1024,
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > MAX_INPUT_BYTES)
    return 0;
  g_autofree char *header = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) challenges = oci_challenges_parse (header, &error);
  g_assert_true ((challenges != NULL) == (error == NULL));
  for (guint i = 0; challenges != NULL && i < challenges->len; i++)
    {
      const OciChallenge *challenge = challenges->pdata[i];
      g_assert_true (challenge->scheme[0] != '\0');
      g_assert_true (challenge->token68 == NULL || g_hash_table_size (challenge->params) == 0);
      g_assert_nonnull (oci_challenges_find (challenges, challenge->scheme));
    }
  return 0;
}
