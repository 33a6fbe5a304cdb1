/* Signs the requests of a JSON array on stdin, for a comparison with another implementation: one
 * line for each, the value of the Authorization header. */
#include "oci/aws/aws-sigv4.h"

#include "oci/base/json.h"

#include <stdio.h>
#include <string.h>

enum
{
  MAX_HEADERS = 16,
};

static char *
text_of (const json_t *request, const char *key)
{
  return (char *) json_string_value (json_object_get (request, key));
}

static void
sign (const json_t *request)
{
  g_autofree char *host = g_strconcat ("Host: ", text_of (request, "host"), NULL);
  g_autoptr (GPtrArray) headers = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (headers, g_steal_pointer (&host));
  const json_t *pairs = json_object_get (request, "headers");
  for (size_t i = 0; i < json_array_size (pairs) && i < MAX_HEADERS; i++)
    {
      const json_t *pair = json_array_get (pairs, i);
      g_ptr_array_add (headers, g_strconcat (json_string_value (json_array_get (pair, 0)), ":",
                                             json_string_value (json_array_get (pair, 1)), NULL));
    }
  g_ptr_array_add (headers, NULL);
  const char *text = text_of (request, "body");
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  const OciAwsRequest to_sign = { .method = text_of (request, "method"),
                                  .path = text_of (request, "path"),
                                  .query = text_of (request, "query"),
                                  .headers = (const char *const *) headers->pdata,
                                  .body = body };
  const OciAwsCredentials credentials = { .access_key = text_of (request, "access_key"),
                                          .secret_key = text_of (request, "secret_key"),
                                          .session_token = text_of (request, "token") };
  const OciAwsScope scope = { .region = text_of (request, "region"),
                              .service = text_of (request, "service"),
                              .time = text_of (request, "time") };
  g_autofree char *value = oci_aws_sign (&to_sign, &credentials, &scope);
  (void) printf ("%s\n", value);
}

int
main (void)
{
  g_autoptr (OciJsonValue) requests = json_loadf (stdin, 0, NULL);
  for (size_t i = 0; i < json_array_size (requests); i++)
    sign (json_array_get (requests, i));
  return json_is_array (requests) ? 0 : 1;
}
