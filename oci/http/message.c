#include "oci/http/message.h"

#include <curl/curl.h>

gint64
oci_http_parse_date (const char *text)
{
  return (gint64) curl_getdate (text, NULL);
}

void
oci_http_response_free (OciHttpResponse *self)
{
  if (self == NULL)
    return;
  g_free (self->url);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->headers, g_hash_table_unref);
  g_free (self);
}

const char *
oci_http_response_header (const OciHttpResponse *self, const char *name)
{
  return g_hash_table_lookup (self->headers, name);
}
