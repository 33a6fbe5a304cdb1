#include "oci/registry/probe.h"

#include "oci/http/url.h"

#include <string.h>

/* docker.io is a web site; its registry has another name. */
static const char *
api_host (const OciReference *reference)
{
  return strcmp (reference->host, "docker.io") == 0
                 || strcmp (reference->host, "index.docker.io") == 0
             ? "registry-1.docker.io"
             : reference->host;
}

/* @header: (nullable): of credentials that need no challenge; never sent in plain text */
static OciHttpResponse *
ping (OciHttpClient *client, const char *base, const char *header, GCancellable *cancellable,
      GError **error)
{
  g_autofree char *url = g_strconcat (base, "/v2/", NULL);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.authorization = g_str_has_prefix (base, "https:") ? header : NULL;
  return oci_http_client_send (client, &request, cancellable, error);
}

char **
oci_registry_addresses (OciHttpClient *client, const OciReference *reference, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autofree char *secure = g_strconcat ("https://", api_host (reference), NULL);
  g_autofree char *plain = g_strconcat ("http://", api_host (reference), NULL);
  if (!oci_url_origin (secure, &origin, error))
    return NULL;
  gboolean loopback = oci_url_is_loopback (&origin);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  if (loopback)
    g_strv_builder_add (builder, plain);
  g_strv_builder_add (builder, secure);
  if (!loopback && oci_http_client_is_insecure (client))
    g_strv_builder_add (builder, plain);
  return g_strv_builder_end (builder);
}

/* A port that is silent in plain text has had enough time. */
static gboolean
is_worth_another (const GError *failure, const char *url)
{
  return g_error_matches (failure, OCI_ERROR, OCI_ERROR_NETWORK)
         || g_error_matches (failure, OCI_ERROR, OCI_ERROR_UNREACHABLE)
         || g_error_matches (failure, OCI_ERROR, OCI_ERROR_FORMAT)
         || (g_error_matches (failure, OCI_ERROR, OCI_ERROR_TIMEOUT)
             && g_str_has_prefix (url, "https:"));
}

/* HTTPS ports answer 400 to plain HTTP. */
OciHttpResponse *
oci_registry_probe (OciHttpClient *client, const OciReference *reference, const char *header,
                    char **out_base, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) broken = NULL; /* how plain HTTP failed, which may differ next time */
  g_auto (GStrv) urls = oci_registry_addresses (client, reference, error);
  for (char **url = urls; url != NULL && *url != NULL; url++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response = ping (client, *url, header, cancellable, &local);
      gboolean last = url[1] == NULL;
      if (response != NULL
          && (last || response->status != 400 || g_str_has_prefix (*url, "https:")))
        {
          *out_base = g_strdup (*url);
          return g_steal_pointer (&response);
        }
      gboolean worth_another = is_worth_another (local, *url);
      if (!last && g_str_has_prefix (*url, "https:") && worth_another)
        oci_http_client_notice (client, "%s; going on without TLS", local->message);
      if (response == NULL && broken != NULL
          && g_error_matches (local, OCI_ERROR, OCI_ERROR_FORMAT)) /* so it is not TLS either */
        {
          g_propagate_error (error, g_steal_pointer (&broken));
          return NULL;
        }
      if (!last && g_error_matches (local, OCI_ERROR, OCI_ERROR_NETWORK)
          && g_str_has_prefix (*url, "http:"))
        broken = g_error_copy (local);
      if (response == NULL && (last || !worth_another))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
    }
  return NULL;
}
