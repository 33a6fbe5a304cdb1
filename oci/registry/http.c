#include "oci/registry/http-exchange.h"
#include "oci/registry/url.h"

#include <curl/curl.h>
#include <string.h>

OciHttpClient *
oci_http_client_new (const OciHttpOptions *options)
{
  OciHttpClient *self = g_new0 (OciHttpClient, 1);
  self->options = *options;
  self->user_agent = g_strdup (options->user_agent);
  if (options->timeout_ms > 0)
    self->deadline = g_get_monotonic_time () + (gint64) options->timeout_ms * 1000;
  g_mutex_init (&self->mutex);
  g_queue_init (&self->idle);
  self->tls =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) oci_tls_config_free);
  return self;
}

void
oci_http_client_free (OciHttpClient *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->idle, curl_easy_cleanup);
  g_mutex_clear (&self->mutex);
  g_hash_table_unref (self->tls);
  oci_trust_free (self->trust);
  g_free (self->user_agent);
  g_free (self);
}

gboolean
oci_http_client_is_insecure (const OciHttpClient *self)
{
  return self->options.insecure;
}

void
oci_http_client_notice (const OciHttpClient *self, const char *format, ...)
{
  if (self->options.notice == NULL)
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  self->options.notice (self->options.notice_data, message);
}

void
oci_http_client_pause (OciHttpClient *self)
{
  self->paused = g_get_monotonic_time ();
}

void
oci_http_client_resume (OciHttpClient *self)
{
  if (self->paused > 0 && self->deadline > 0)
    self->deadline += g_get_monotonic_time () - self->paused;
  self->paused = 0;
}

gint64
oci_http_client_time_left (const OciHttpClient *self)
{
  if (self->deadline == 0)
    return -1;
  return MAX (self->deadline - g_get_monotonic_time (), 0) / 1000;
}

gboolean
oci_http_client_fail_late (const OciHttpClient *self, GError **error)
{
  return oci_throw (error, OCI_ERROR_LIMIT,
                    "not finished within the %g s of --registry-timeout",
                    (double) self->options.timeout_ms / 1000);
}

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

/* RFC 9110 section 15.4: 307 and 308 keep method and body; what the others mean for POST and PUT is
 * the caller's business. */
static gboolean
is_redirect (const OciHttpRequest *request, unsigned status)
{
  gboolean safe = strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0;
  return status == 307 || status == 308
         || (safe && (status == 301 || status == 302 || status == 303));
}

/* Where a request is sent on to; *@out_url stays NULL when it is not. */
static gboolean
find_redirect (const OciHttpRequest *request, const OciHttpResponse *response,
               const OciUrlOrigin *origin, char **out_url, GError **error)
{
  g_auto (OciUrlOrigin) target = { 0 };
  const char *location = oci_http_response_header (response, "location");
  if (!is_redirect (request, response->status) || request->no_redirects || location == NULL)
    return TRUE;
  g_autofree char *url = oci_url_resolve (response->url, location, error);
  if (url == NULL || !oci_url_origin (url, &target, error))
    return FALSE;
  if (strcmp (origin->scheme, "https") == 0 && strcmp (target.scheme, "https") != 0)
    {
      g_autofree char *quoted = oci_url_quote (url);
      return oci_throw (error, OCI_ERROR_DENIED, "%s: redirects from https to %s", origin->host,
                        quoted);
    }
  if (!request->secret_body || oci_url_same_origin (origin, &target))
    *out_url = g_steal_pointer (&url);
  return TRUE;
}

OciHttpResponse *
oci_http_client_send (OciHttpClient *self, const OciHttpRequest *request, GCancellable *cancellable,
                      GError **error)
{
  g_auto (OciUrlOrigin) first = { 0 };
  g_autofree char *url = g_strdup (request->url);
  if (!oci_url_origin (url, &first, error))
    return NULL;
  if (self->options.offline)
    {
      oci_throw (error, OCI_ERROR_DENIED, "--offline: %s is not asked", first.host);
      return NULL;
    }
  for (int i = 0; i <= OCI_HTTP_MAX_REDIRECTS; i++)
    {
      g_auto (OciUrlOrigin) origin = { 0 };
      g_autofree char *next = NULL;
      if (!oci_url_origin (url, &origin, error))
        return NULL;
      g_autoptr (OciHttpResponse) response = oci_http_exchange (
          self, request, url, &origin, oci_url_same_origin (&first, &origin), cancellable, error);
      if (response == NULL || !find_redirect (request, response, &origin, &next, error))
        return NULL;
      if (next == NULL)
        return g_steal_pointer (&response);
      g_free (url);
      url = g_steal_pointer (&next);
    }
  oci_throw (error, OCI_ERROR_LIMIT, "%s: more than %d redirects", first.host,
             OCI_HTTP_MAX_REDIRECTS);
  return NULL;
}
