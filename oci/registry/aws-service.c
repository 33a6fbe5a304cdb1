#include "oci/registry/aws-service.h"

#include "oci/registry/credentials.h"
#include "oci/registry/retry.h"
#include "oci/registry/url.h"

#include <string.h>

const char *
oci_aws_dns_suffix (const char *region)
{
  static const struct
  {
    const char *prefix;
    const char *suffix;
  } partitions[] = {
    { "cn-", "amazonaws.com.cn" },    { "eusc-", "amazonaws.eu" }, { "us-isob-", "sc2s.sgov.gov" },
    { "us-isof-", "csp.hci.ic.gov" }, { "us-iso-", "c2s.ic.gov" }, { "eu-isoe-", "cloud.adc-e.uk" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (partitions); i++)
    if (g_str_has_prefix (region, partitions[i].prefix))
      return partitions[i].suffix;
  return "amazonaws.com";
}

gboolean
oci_aws_is_region (const char *region)
{
  size_t len = strlen (region);
  gboolean ok = len > 0 && len <= 32;
  for (size_t i = 0; ok && i < len; i++)
    ok = g_ascii_isalnum (region[i]) || region[i] == '-';
  return ok;
}

static const char *
environment (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

char *
oci_aws_endpoint (const OciAwsConfig *config, const char *service, const char *host)
{
  g_autofree char *variable = g_strconcat ("AWS_ENDPOINT_URL_", service, NULL);
  const char *ignore = environment ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  const char *url = NULL;
  if (ignore == NULL || g_ascii_strcasecmp (ignore, "true") != 0)
    {
      url = environment (variable);
      if (url == NULL)
        url = environment ("AWS_ENDPOINT_URL");
      if (url == NULL && config != NULL)
        url = oci_aws_config_get (config, oci_aws_profile_name (), "endpoint_url");
    }
  if (url == NULL)
    return g_strconcat ("https://", host, NULL);
  return g_str_has_suffix (url, "/") ? g_strndup (url, strlen (url) - 1) : g_strdup (url);
}

typedef struct
{
  OciHttpClient *client;
  const OciHttpRequest *request;
} Sending;

static OciHttpResponse *
try_send (gpointer data, GCancellable *cancellable, GError **error)
{
  const Sending *sending = data;
  return oci_http_client_send (sending->client, sending->request, cancellable, error);
}

OciHttpResponse *
oci_aws_send (OciHttpClient *client, const OciHttpRequest *request, const char *what,
              GCancellable *cancellable, GError **error)
{
  OciRetry retry = { .client = client, .what = what };
  OciHttpRequest direct = *request;
  direct.ca_file = environment ("AWS_CA_BUNDLE"); /* as the SDKs have it, for AWS alone */
  direct.no_redirects = TRUE; /* headers such as x-amz-sso_bearer_token are for one host only */
  Sending sending = { .client = client, .request = &direct };
  return oci_retry_send (&retry, try_send, &sending, cancellable, error);
}

/* "HOST" or "HOST:PORT", as libcurl writes it. */
static char *
host_header (const char *endpoint, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  if (!oci_url_origin (endpoint, &origin, error))
    return NULL;
  gboolean usual = strcmp (origin.port, strcmp (origin.scheme, "https") == 0 ? "443" : "80") == 0;
  return usual ? g_strconcat ("Host: ", origin.host, NULL)
               : g_strconcat ("Host: ", origin.host, ":", origin.port, NULL);
}

OciHttpResponse *
oci_aws_call (OciHttpClient *client, const OciAwsCall *call, GCancellable *cancellable,
              GError **error)
{
  g_autofree char *host = host_header (call->endpoint, error);
  if (host == NULL)
    return NULL;
  g_autofree char *url = g_strconcat (call->endpoint, "/", NULL);
  g_autofree char *type = g_strconcat ("Content-Type: ", call->content_type, NULL);
  g_autofree char *target =
      call->target != NULL ? g_strconcat ("X-Amz-Target: ", call->target, NULL) : NULL;
  const char *const signed_lines[] = { host, type, target, NULL };
  const OciAwsRequest to_sign = {
    .method = "POST", .path = "/", .headers = signed_lines, .body = call->body
  };
  g_autofree char *time = oci_aws_time_now ();
  const OciAwsScope scope = { .region = call->region, .service = call->service, .time = time };
  g_autofree char *date = g_strconcat ("X-Amz-Date: ", time, NULL);
  g_autoptr (OciSecret) authorization = NULL;
  g_autoptr (OciSecret) token = NULL;
  g_autoptr (GPtrArray) lines = g_ptr_array_new ();
  g_ptr_array_add (lines, type);
  if (target != NULL)
    g_ptr_array_add (lines, target);
  if (call->credentials != NULL)
    {
      authorization = oci_aws_sign (&to_sign, call->credentials, &scope);
      g_ptr_array_add (lines, date);
    }
  if (call->credentials != NULL && call->credentials->session_token != NULL)
    {
      token = g_strconcat ("X-Amz-Security-Token: ", call->credentials->session_token, NULL);
      g_ptr_array_add (lines, token);
    }
  g_ptr_array_add (lines, NULL);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", url);
  request.headers = (const char *const *) lines->pdata;
  request.authorization = authorization;
  request.body = call->body;
  return oci_aws_send (client, &request, call->endpoint, cancellable, error);
}

gint64
oci_aws_parse_time (const char *text)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, utc);
  return time != NULL ? g_date_time_to_unix (time) : -1;
}
