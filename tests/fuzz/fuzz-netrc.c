/* ~/.netrc. */
#include "oci/http/credentials.h"
#include "oci/http/netrc.h"

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
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (OciNetrc) netrc = oci_netrc_parse (text, &error);
  g_assert_true ((netrc != NULL) == (error == NULL));
  if (netrc == NULL)
    return 0;
  g_autoptr (OciSecret) named = oci_netrc_authorize (netrc, "h", FALSE);
  g_autoptr (OciSecret) any = oci_netrc_authorize (netrc, "h", TRUE);
  g_assert_true (named == NULL || g_strcmp0 (named, any) == 0);
  return 0;
}
