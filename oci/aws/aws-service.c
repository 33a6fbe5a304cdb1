#include "oci/aws/aws-service.h"

#include "oci/base/redact.h"
#include "oci/http/credentials.h"
#include "oci/http/retry.h"
#include "oci/http/url.h"

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

const char *
oci_aws_dual_stack_suffix (const char *region)
{
  const char *suffix = oci_aws_dns_suffix (region);
  if (strcmp (suffix, "amazonaws.com.cn") == 0)
    return "api.amazonwebservices.com.cn";
  return strcmp (suffix, "amazonaws.eu") == 0 ? "api.amazonwebservices.eu" : "api.aws";
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

const char *
oci_aws_default_region (const OciAwsConfig *config)
{
  static const char *const variables[] = { "AWS_REGION", "AWS_DEFAULT_REGION" };
  for (size_t i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      const char *value = g_getenv (variables[i]);
      if (value != NULL && oci_aws_is_region (value))
        return value;
    }
  const char *configured = oci_aws_config_get (config, oci_aws_profile_name (), "region");
  return configured != NULL && oci_aws_is_region (configured) ? configured : NULL;
}

gboolean
oci_aws_config_flag (const OciAwsConfig *config, const char *variable, const char *key)
{
  const char *value = environment (variable);
  if (value == NULL && config != NULL)
    value = oci_aws_config_get (config, oci_aws_profile_name (), key);
  return value != NULL && g_ascii_strcasecmp (value, "true") == 0;
}

/* Finds the profile's setting of the endpoint; *@out_url stays NULL if there is none. */
static gboolean
configured_endpoint (const OciAwsConfig *config, const char *service, const char **out_url,
                     GError **error)
{
  const char *profile = oci_aws_profile_name ();
  const char *services = oci_aws_config_get (config, profile, "services");
  if (services != NULL && !oci_aws_config_has_services (config, services))
    {
      g_autofree char *quoted = oci_quote (services);
      g_autofree char *quoted_profile = oci_quote (profile);
      return oci_throw (error, OCI_ERROR_NOT_FOUND,
                        "the profile %s names the services %s, and the AWS configuration file has "
                        "no such section",
                        quoted_profile, quoted);
    }
  if (services != NULL)
    *out_url = oci_aws_config_get_service (config, services, service, "endpoint_url");
  if (*out_url == NULL)
    *out_url = oci_aws_config_get (config, profile, "endpoint_url");
  return TRUE;
}

char *
oci_aws_endpoint (const OciAwsConfig *config, const char *service, const char *host, GError **error)
{
  g_autofree char *variable = g_strconcat ("AWS_ENDPOINT_URL_", service, NULL);
  const char *url = NULL;
  if (!oci_aws_config_flag (config, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
                            "ignore_configured_endpoint_urls"))
    {
      url = environment (variable);
      if (url == NULL)
        url = environment ("AWS_ENDPOINT_URL");
      if (url == NULL && config != NULL && !configured_endpoint (config, service, &url, error))
        return NULL;
    }
  if (url == NULL)
    return g_strconcat ("https://", host, NULL);
  return g_str_has_suffix (url, "/") ? g_strndup (url, strlen (url) - 1) : g_strdup (url);
}

/* Returns the text between the first "<NAME>" and its end, in XML whose elements have no
 * attributes. */
static char *
xml_text (const char *data, size_t size, const char *name)
{
  g_autofree char *open = g_strdup_printf ("<%s>", name);
  const char *start = size > 0 ? g_strstr_len (data, (gssize) size, open) : NULL;
  if (start == NULL)
    return NULL;
  start += strlen (open);
  const char *end = memchr (start, '<', size - (size_t) (start - data));
  return end != NULL ? g_strstrip (g_strndup (start, (gsize) (end - start))) : NULL;
}

/* "com.amazonaws.ecr#AccessDenied:http://…" -> "AccessDenied" */
static char *
bare_code (const char *code)
{
  const char *hash = strrchr (code, '#');
  const char *start = hash != NULL ? hash + 1 : code;
  return g_strndup (start, strcspn (start, ":"));
}

char *
oci_aws_error_code (const OciHttpResponse *response)
{
  static const char *const members[] = { "__type", "code", "Code" };
  const char *header = oci_http_response_header (response, "x-amzn-errortype");
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) document = size > 0 ? json_loadb (data, size, 0, NULL) : NULL;
  const char *code = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (members) && code == NULL; i++)
    code = json_string_value (json_object_get (document, members[i]));
  if (code == NULL)
    code = header;
  return code != NULL ? bare_code (code) : xml_text (data, size, "Code");
}

/* botocore's lists (retries/standard.py, data/_retry.json); if STS could not reach an identity
 * provider in time, the code is InvalidIdentityToken, and only the message tells the difference. */
gboolean
oci_aws_is_busy (const OciHttpResponse *response)
{
  static const char *const codes[] = { "Throttling",
                                       "ThrottlingException",
                                       "ThrottledException",
                                       "RequestThrottledException",
                                       "RequestThrottled",
                                       "TooManyRequestsException",
                                       "ProvisionedThroughputExceededException",
                                       "TransactionInProgressException",
                                       "RequestLimitExceeded",
                                       "BandwidthLimitExceeded",
                                       "LimitExceededException",
                                       "SlowDown",
                                       "PriorRequestNotComplete",
                                       "EC2ThrottledException",
                                       "RequestTimeout",
                                       "RequestTimeoutException",
                                       "IDPCommunicationError",
                                       "IDPCommunicationErrorException" };
  if (response->status == 509)
    return TRUE;
  g_autofree char *code = response->status >= 400 ? oci_aws_error_code (response) : NULL;
  if (code == NULL)
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (codes); i++)
    if (strcmp (code, codes[i]) == 0)
      return TRUE;
  if (!g_str_has_prefix (code, "InvalidIdentityToken"))
    return FALSE;
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autofree char *text = g_ascii_strdown (data, (gssize) size);
  return strstr (text, "retrieve verification key") != NULL;
}

typedef struct
{
  OciHttpClient *client;
  const OciHttpRequest *request;
} Sending;

static OciHttpResponse *
send_once (OciHttpClient *client, const OciHttpRequest *request, GCancellable *cancellable,
           GError **error)
{
  OciHttpRequest direct = *request;
  direct.ca_file = environment ("AWS_CA_BUNDLE"); /* as in the SDKs, only for AWS */
  direct.no_redirects = TRUE; /* headers such as x-amz-sso_bearer_token are for one host only */
  return oci_http_client_send (client, &direct, cancellable, error);
}

static OciHttpResponse *
try_send (gpointer data, GCancellable *cancellable, GError **error)
{
  const Sending *sending = data;
  return send_once (sending->client, sending->request, cancellable, error);
}

OciHttpResponse *
oci_aws_send (OciHttpClient *client, const OciHttpRequest *request, const char *what,
              GCancellable *cancellable, GError **error)
{
  OciRetry retry = { .client = client, .what = what, .is_busy = oci_aws_is_busy };
  Sending sending = { .client = client, .request = request };
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

typedef struct
{
  OciHttpClient *client;
  const OciAwsCall *call;
  const char *host; /* "Host: …" */
  const char *url;
} Calling;

/* Returns: (transfer container): all headers except those that signing adds */
static GPtrArray *
plain_headers (const OciAwsCall *call)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  if (call->content_type != NULL)
    g_ptr_array_add (lines, g_strconcat ("Content-Type: ", call->content_type, NULL));
  if (call->target != NULL)
    g_ptr_array_add (lines, g_strconcat ("X-Amz-Target: ", call->target, NULL));
  for (const char *const *line = call->headers; line != NULL && *line != NULL; line++)
    g_ptr_array_add (lines, g_strdup (*line));
  return lines;
}

/* Signs the request for the current time. Returns: (transfer full): the value of Authorization;
 * @lines are the headers to send */
static char *
sign_call (const Calling *self, GPtrArray *lines)
{
  const OciAwsCall *call = self->call;
  g_autoptr (GPtrArray) signed_lines = g_ptr_array_new ();
  g_ptr_array_add (signed_lines, (gpointer) self->host);
  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add (signed_lines, lines->pdata[i]);
  g_ptr_array_add (signed_lines, NULL);
  const OciAwsRequest to_sign = { .method = call->method != NULL ? call->method : "POST",
                                  .path = call->path != NULL ? call->path : "/",
                                  .query = call->query,
                                  .headers = (const char *const *) signed_lines->pdata,
                                  .body = call->body };
  g_autofree char *time = oci_aws_time_now ();
  const OciAwsScope scope = { .region = call->region, .service = call->service, .time = time };
  oci_redact_add (call->credentials->secret_key);
  g_ptr_array_add (lines, g_strconcat ("X-Amz-Date: ", time, NULL));
  return oci_aws_sign (&to_sign, call->credentials, &scope);
}

static OciHttpResponse *
try_call (gpointer data, GCancellable *cancellable, GError **error)
{
  const Calling *self = data;
  const OciAwsCall *call = self->call;
  g_autoptr (OciSecret) authorization = NULL;
  g_autoptr (OciSecret) token = NULL;
  g_autoptr (GPtrArray) lines = plain_headers (call);
  g_autoptr (GPtrArray) sent = g_ptr_array_new ();
  if (call->credentials != NULL)
    authorization = sign_call (self, lines);
  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add (sent, lines->pdata[i]);
  if (call->credentials != NULL && call->credentials->session_token != NULL)
    {
      token = g_strconcat ("X-Amz-Security-Token: ", call->credentials->session_token, NULL);
      g_ptr_array_add (sent, token);
    }
  g_ptr_array_add (sent, NULL);
  OciHttpRequest request =
      OCI_HTTP_REQUEST_INIT (call->method != NULL ? call->method : "POST", self->url);
  request.headers = (const char *const *) sent->pdata;
  request.authorization = authorization;
  request.body = call->body;
  request.receiver = call->receiver;
  request.stall_seconds = call->stall_seconds;
  request.once = call->once;
  return send_once (self->client, &request, cancellable, error);
}

OciHttpResponse *
oci_aws_call (OciHttpClient *client, const OciAwsCall *call, GCancellable *cancellable,
              GError **error)
{
  g_autofree char *host = host_header (call->endpoint, error);
  if (host == NULL)
    return NULL;
  g_autofree char *url =
      g_strconcat (call->endpoint, call->path != NULL ? call->path : "/",
                   call->query != NULL ? "?" : "", call->query != NULL ? call->query : "", NULL);
  Calling calling = { .client = client, .call = call, .host = host, .url = url };
  OciRetry retry = {
    .client = client, .what = call->endpoint, .once = call->once, .is_busy = oci_aws_is_busy
  };
  return oci_retry_send (&retry, try_call, &calling, cancellable, error);
}

/* Replaces "UTC" and "GMT", as written by older tools, by "Z", and removes the space before an
 * offset. */
static char *
normalise_zone (const char *text)
{
  g_autofree char *copy = g_strstrip (g_strdup (text));
  size_t len = strlen (copy);
  gboolean named = g_str_has_suffix (copy, "UTC") || g_str_has_suffix (copy, "GMT");
  if (len > 3 && named && g_ascii_isdigit (copy[0]))
    {
      copy[len - 3] = 'Z';
      copy[len - 2] = '\0';
    }
  GString *joined = g_string_new (NULL);
  for (const char *p = copy; *p != '\0'; p++)
    {
      size_t spaces = strspn (p, " ");
      if (spaces > 0 && (p[spaces] == 'Z' || p[spaces] == '+' || p[spaces] == '-'))
        p += spaces;
      g_string_append_c (joined, *p);
    }
  /* GLib requires the seconds, which ISO 8601 makes optional. */
  const size_t minutes = strlen ("2026-11-21T10:00");
  if (joined->len >= minutes && joined->str[4] == '-' && joined->str[minutes - 3] == ':'
      && joined->str[minutes] != ':')
    g_string_insert (joined, (gssize) minutes, ":00");
  return g_string_free (joined, FALSE);
}

/* Whole or fractional seconds since 1970, except short numbers, which are dates: "20261121" is a
 * day. */
static gboolean
parse_epoch (const char *text, gint64 *out_time)
{
  size_t digits = strspn (text, "0123456789");
  const char *rest = text + digits;
  if (digits < 9 || digits > 12 || (*rest != '\0' && *rest != '.')
      || (*rest == '.' && rest[1 + strspn (rest + 1, "0123456789")] != '\0'))
    return FALSE;
  *out_time = g_ascii_strtoll (text, NULL, 10);
  return TRUE;
}

gint64
oci_aws_parse_time (const char *text)
{
  gint64 epoch = 0;
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *plain = normalise_zone (text);
  if (parse_epoch (plain, &epoch))
    return epoch;
  g_autofree char *day = g_strconcat (plain, "T00:00:00Z", NULL);
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (plain, utc);
  if (time == NULL && strpbrk (plain, ":T ") == NULL)
    time = g_date_time_new_from_iso8601 (day, utc);
  if (time != NULL)
    return g_date_time_to_unix (time);
  return g_ascii_isalpha (plain[0]) ? oci_http_parse_date (plain) : -1;
}

gint64
oci_aws_read_expiry (const json_t *value)
{
  if (json_is_number (value))
    return (gint64) CLAMP (json_number_value (value), 1, (double) G_MAXUINT32 * 16);
  const char *text = json_string_value (value);
  return text != NULL && text[0] != '\0' ? MAX (oci_aws_parse_time (text), 1) : 0;
}
