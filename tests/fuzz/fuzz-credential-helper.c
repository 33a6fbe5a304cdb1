/* Answers of a credential helper to "get": any bytes. */
#include "oci/registry/credential-helper.h"

#include <stddef.h>
#include <stdint.h>

enum
{
  MAX_INPUT_BYTES = 64 * 1024,
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size > MAX_INPUT_BYTES)
    return 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (OciCredentials) credentials = oci_credential_helper_parse ("answer", bytes, &error);
  g_assert_true ((credentials != NULL) == (error == NULL));
  if (credentials != NULL)
    g_assert_true (credentials->user != NULL && credentials->password != NULL);
  return 0;
}
