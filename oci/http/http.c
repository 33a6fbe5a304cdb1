#include "oci/http/http.h"

#include "oci/http/client-private.h"
#include "oci/http/http-exchange.h"
#include <string.h>

/* RFC 9110 section 15.4: 307 and 308 keep method and body; the meaning of others for POST and PUT
 * is up to the caller. */
static gboolean
is_redirect (const OciHttpRequest *request, unsigned status)
{
  gboolean safe = strcmp (request->method, "GET") == 0 || strcmp (request->method, "HEAD") == 0;
  return status == 307 || status == 308
         || (safe && (status == 301 || status == 302 || status == 303));
}

/* Finds the target of a redirect; *@out_url stays NULL if there is none. */
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
