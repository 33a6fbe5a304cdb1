/* URLs and header fields that registries send: Location, Retry-After, realms of token servers. */
#include "fuzz.h"

#include "oci/http/retry.h"
#include "oci/http/url.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = oci_url_resolve ("https://registry.example.org/v2/a/blobs/", text, &error);
  if ((url == NULL) == (error == NULL))
    abort ();
  g_clear_error (&error);
  g_autofree char *quoted = oci_url_quote (text);
  if (strchr (quoted, '?') != NULL)
    abort ();
  if (url != NULL && oci_url_origin (url, &origin, NULL))
    {
      g_autofree char *longer = oci_url_add_query (url, "digest", "sha256:0", &error);
      g_auto (OciUrlOrigin) same = { 0 };
      if (longer != NULL
          && (!oci_url_origin (longer, &same, NULL) || !oci_url_same_origin (&origin, &same)))
        abort (); /* a query must not lead to another host */
    }
  if (oci_retry_after (text, 0) < -1)
    abort ();
  return 0;
}
