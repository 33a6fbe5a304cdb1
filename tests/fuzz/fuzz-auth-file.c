/* Auth files: any bytes, looked up for one host. */
#include "oci/registry/auth-file.h"

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
  g_autoptr (OciCredentials) credentials = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  gboolean ok = oci_auth_file_parse ("auth.json", bytes, "h.io", "team/app", &credentials, &error);
  g_assert_true (ok == (error == NULL));
  g_assert_true (ok || credentials == NULL);
  if (credentials != NULL)
    g_assert_true (credentials->user != NULL && credentials->password != NULL
                   && credentials->source != NULL);
  return 0;
}
