#include "oci/aws/lambda-api.h"

#include "oci/aws/aws-service.h"
#include "oci/base/redact.h"

#include <string.h>

enum
{
  REFRESH_SECONDS = 5 * 60,            /* before credentials expire */
  INVOKE_STALL_SECONDS = 15 * 60 + 60, /* a function may be silent for its longest timeout */
};

struct _OciLambdaApi
{
  OciHttpClient *client;
  OciAwsConfig *config;
  char *region;
  char *role_arn;    /* (nullable) */
  char *external_id; /* (nullable) */
  char *endpoint;
  char *metrics_endpoint;         /* of CloudWatch */
  OciAwsCredentials *credentials; /* (nullable): NULL if not looked for yet */
};

/* botocore's endpoint rules for lambda and monitoring. */
static char *
service_host (const char *service, const char *region, gboolean fips, gboolean dual_stack)
{
  return g_strdup_printf ("%s%s.%s.%s", service, fips ? "-fips" : "", region,
                          dual_stack ? oci_aws_dual_stack_suffix (region)
                                     : oci_aws_dns_suffix (region));
}

char *
oci_lambda_api_host (const char *region, gboolean fips, gboolean dual_stack)
{
  return service_host ("lambda", region, fips, dual_stack);
}

OciLambdaApi *
oci_lambda_api_new (OciHttpClient *client, const OciLambdaIdentity *identity, GError **error)
{
  g_autoptr (OciLambdaApi) self = g_new0 (OciLambdaApi, 1);
  if (!oci_aws_is_region (identity->region))
    {
      g_autofree char *quoted = oci_quote (identity->region);
      oci_throw (error, OCI_ERROR_USAGE, "%s cannot be a region of AWS", quoted);
      return NULL;
    }
  self->client = client;
  self->region = g_strdup (identity->region);
  self->role_arn = g_strdup (identity->role_arn);
  self->external_id = g_strdup (identity->external_id);
  self->config = oci_aws_config_load (error);
  if (self->config == NULL)
    return NULL;
  gboolean fips = oci_aws_config_flag (self->config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  gboolean dual_stack =
      oci_aws_config_flag (self->config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  g_autofree char *host = oci_lambda_api_host (identity->region, fips, dual_stack);
  g_autofree char *metrics = service_host ("monitoring", identity->region, fips, dual_stack);
  self->endpoint = oci_aws_endpoint (self->config, "LAMBDA", host, error);
  if (self->endpoint != NULL)
    self->metrics_endpoint = oci_aws_endpoint (self->config, "CLOUDWATCH", metrics, error);
  return self->metrics_endpoint != NULL ? g_steal_pointer (&self) : NULL;
}

void
oci_lambda_api_free (OciLambdaApi *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->config, oci_aws_config_free);
  g_clear_pointer (&self->credentials, oci_aws_credentials_free);
  g_free (self->region);
  g_free (self->role_arn);
  g_free (self->external_id);
  g_free (self->endpoint);
  g_free (self->metrics_endpoint);
  g_free (self);
}

const char *
oci_lambda_api_endpoint (const OciLambdaApi *self)
{
  return self->endpoint;
}

const char *
oci_lambda_api_metrics_endpoint (const OciLambdaApi *self)
{
  return self->metrics_endpoint;
}

void
oci_lambda_reply_free (OciLambdaReply *self)
{
  if (self == NULL)
    return;
  g_free (self->code);
  json_decref (self->document);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_free (self->function_error);
  g_free (self->log_tail);
  g_free (self->executed_version);
  g_free (self);
}

static gboolean
find_credentials (OciLambdaApi *self, GCancellable *cancellable, GError **error)
{
  g_clear_pointer (&self->credentials, oci_aws_credentials_free);
  const OciAwsRole role = { .role_arn = self->role_arn, .external_id = self->external_id };
  self->credentials = oci_aws_credentials_find_as (
      self->client, self->region, self->role_arn != NULL ? &role : NULL, cancellable, error);
  if (self->credentials == NULL)
    return FALSE;
  oci_redact_add (self->credentials->session_token);
  return TRUE;
}

static gboolean
is_near_its_end (const OciAwsCredentials *credentials)
{
  return credentials->expires != 0
         && credentials->expires - REFRESH_SECONDS < g_get_real_time () / G_USEC_PER_SEC;
}

/* Begins the body of an answer, which may be larger than the HTTP client's limit. */
static gboolean
begin_payload (gpointer data, G_GNUC_UNUSED const OciHttpResponse *response,
               G_GNUC_UNUSED GError **error)
{
  g_byte_array_set_size (data, 0);
  return TRUE;
}

static gboolean
add_to_payload (gpointer data, const void *bytes, size_t len, GError **error)
{
  GByteArray *payload = data;
  if (len > OCI_LAMBDA_MAX_PAYLOAD - payload->len)
    return oci_throw (error, OCI_ERROR_LIMIT, "the answer has more than %d bytes, Lambda's limit",
                      OCI_LAMBDA_MAX_PAYLOAD);
  g_byte_array_append (payload, bytes, (guint) len);
  return TRUE;
}

static char *
decode_log (const char *text)
{
  gsize len = 0;
  g_autofree guchar *bytes = text != NULL ? g_base64_decode (text, &len) : NULL;
  return bytes != NULL ? g_strndup ((const char *) bytes, len) : NULL;
}

static OciLambdaReply *
read_reply (const OciHttpResponse *response, GByteArray *received)
{
  OciLambdaReply *self = g_new0 (OciLambdaReply, 1);
  gboolean ok = response->status / 100 == 2;
  self->status = response->status;
  self->payload = ok ? g_bytes_new (received->data, received->len) : g_bytes_ref (response->body);
  gsize size = 0;
  const char *data = g_bytes_get_data (self->payload, &size);
  self->document = size > 0 ? json_loadb (data, size, 0, NULL) : NULL;
  if (!json_is_object (self->document))
    g_clear_pointer (&self->document, json_decref);
  self->code = ok ? NULL : oci_aws_error_code (response);
  self->function_error = g_strdup (oci_http_response_header (response, "x-amz-function-error"));
  self->log_tail = decode_log (oci_http_response_header (response, "x-amz-log-result"));
  self->executed_version = g_strdup (oci_http_response_header (response, "x-amz-executed-version"));
  return self;
}

static OciLambdaReply *
send_once (OciLambdaApi *self, const OciLambdaCall *call, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) received = g_byte_array_new ();
  g_autoptr (GBytes) body = oci_lambda_call_body (call);
  const OciHttpReceiver receiver = { .begin = begin_payload,
                                     .write = add_to_payload,
                                     .data = received };
  const OciAwsCall request = {
    .endpoint = self->endpoint,
    .method = call->method,
    .path = call->path,
    .query = call->query,
    .content_type = body != NULL ? "application/json" : NULL,
    .headers = (const char *const *) call->headers,
    .body = body,
    .receiver = &receiver,
    .stall_seconds = call->payload != NULL ? INVOKE_STALL_SECONDS : 0,
    .once = call->once,
    .region = self->region,
    .service = "lambda",
    .credentials = self->credentials,
  };
  g_autoptr (OciHttpResponse) response = oci_aws_call (self->client, &request, cancellable, error);
  return response != NULL ? read_reply (response, received) : NULL;
}

static gboolean
has_expired (const OciLambdaReply *reply)
{
  return reply->code != NULL && strstr (reply->code, "Expired") != NULL;
}

OciLambdaReply *
oci_lambda_api_send (OciLambdaApi *self, const OciLambdaCall *call, GCancellable *cancellable,
                     GError **error)
{
  OCI_PREFIX (error, "%s of %s in %s", call->operation, call->subject, self->region);
  if ((self->credentials == NULL || is_near_its_end (self->credentials))
      && !find_credentials (self, cancellable, error))
    return NULL;
  g_autoptr (OciLambdaReply) reply = send_once (self, call, cancellable, error);
  if (reply == NULL || !has_expired (reply))
    return g_steal_pointer (&reply);
  if (!find_credentials (self, cancellable, error))
    return NULL;
  return send_once (self, call, cancellable, error);
}

static OciError
error_of_status (unsigned status)
{
  switch (status)
    {
    case 404:
      return OCI_ERROR_NOT_FOUND;
    case 409:
    case 412:
      return OCI_ERROR_EXISTS;
    case 429:
      return OCI_ERROR_NETWORK;
    default:
      return status >= 500 ? OCI_ERROR_NETWORK : OCI_ERROR_DENIED;
    }
}

/* Returns the advice for an error, by AWS's code. */
static const char *
advise (const char *code, const char *operation)
{
  static const struct
  {
    const char *part;
    const char *advice;
  } known[] = {
    { "Expired", "the AWS credentials have expired; get new ones, and check this machine's clock" },
    { "UnrecognizedClient",
      "AWS does not know this access key; check it, and that it is of this partition" },
    { "InvalidClientTokenId",
      "AWS does not know this access key; check it, and that it is of this partition" },
    { "InvalidSignature", "the secret key is wrong, or this machine's clock" },
    { "SignatureDoesNotMatch", "the secret key is wrong, or this machine's clock" },
    { "ResourceConflict", "another change of it is under way; try again when that is done" },
    { "PreconditionFailed", "it was changed by another hand meanwhile; look at it and try again" },
    { "TooManyRequests", "too many calls are made in this account and region; try again later" },
    { "CodeStorageExceeded", "delete versions that no alias needs" },
    { "KMS", "the function's role, or Lambda, may not use the KMS key; look at the key's policy" },
  };
  if (strstr (code, "AccessDenied") != NULL && strstr (code, "KMS") == NULL)
    return strcmp (operation, "Invoke") == 0 ? "the identity needs the permission "
                                               "lambda:InvokeFunction on the function"
                                             : "the identity needs a permission for this";
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    if (strstr (code, known[i].part) != NULL)
      return known[i].advice;
  return NULL;
}

gboolean
oci_lambda_api_check (const OciLambdaApi *self, const OciLambdaCall *call,
                      const OciLambdaReply *reply, GError **error)
{
  if (reply->status / 100 == 2)
    return TRUE;
  const char *message = json_string_value (json_object_get (reply->document, "message"));
  if (message == NULL)
    message = json_string_value (json_object_get (reply->document, "Message"));
  g_autofree char *code = oci_quote (reply->code);
  g_autofree char *text = oci_quote (message);
  const char *advice = reply->code != NULL ? advise (reply->code, call->operation) : NULL;
  return oci_throw (
      error, error_of_status (reply->status),
      "%s of %s in %s: %s%s%s%s(HTTP %u), with AWS credentials from %s%s%s", call->operation,
      call->subject, self->region, reply->code != NULL ? code : "", message != NULL ? ": " : "",
      message != NULL ? text : "", reply->code != NULL || message != NULL ? " " : "", reply->status,
      self->credentials->source, advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

json_t *
oci_lambda_api_ask (OciLambdaApi *self, const OciLambdaCall *call, GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (OciLambdaReply) reply = oci_lambda_api_send (self, call, cancellable, error);
  if (reply == NULL || !oci_lambda_api_check (self, call, reply, error))
    return NULL;
  if (reply->document == NULL)
    oci_throw (error, OCI_ERROR_FORMAT, "%s of %s in %s: the answer is not a JSON object",
               call->operation, call->subject, self->region);
  return g_steal_pointer (&reply->document);
}

static char *
format_time (gint64 seconds)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);
  return g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ");
}

static void
add_field (GString *form, const char *name, const char *value)
{
  g_autofree char *escaped = g_uri_escape_string (value, NULL, FALSE);
  g_string_append_printf (form, "%s%s=%s", form->len > 0 ? "&" : "", name, escaped);
}

/* Uses the dimensions with which Lambda counts the events of a weighted alias. */
GBytes *
oci_lambda_errors_form (const OciLambdaErrors *of)
{
  enum
  {
    MINUTE = 60,
  };
  const char *colon = strrchr (of->function, ':');
  const char *name = colon != NULL ? colon + 1 : of->function;
  g_autofree char *resource = g_strconcat (name, ":", of->alias, NULL);
  g_autofree char *start = format_time (of->since / MINUTE * MINUTE);
  g_autofree char *end = format_time (g_get_real_time () / G_USEC_PER_SEC + MINUTE);
  const char *const dimensions[][2] = { { "FunctionName", name },
                                        { "Resource", resource },
                                        { "ExecutedVersion", of->version } };
  GString *form = g_string_new (NULL);
  add_field (form, "Action", "GetMetricStatistics");
  add_field (form, "Version", "2010-08-01");
  add_field (form, "Namespace", "AWS/Lambda");
  add_field (form, "MetricName", "Errors");
  add_field (form, "Statistics.member.1", "Sum");
  add_field (form, "Period", "60");
  add_field (form, "StartTime", start);
  add_field (form, "EndTime", end);
  for (size_t i = 0; i < G_N_ELEMENTS (dimensions); i++)
    {
      g_autofree char *key = g_strdup_printf ("Dimensions.member.%zu.Name", i + 1);
      g_autofree char *value = g_strdup_printf ("Dimensions.member.%zu.Value", i + 1);
      add_field (form, key, dimensions[i][0]);
      add_field (form, value, dimensions[i][1]);
    }
  return g_string_free_to_bytes (form);
}

typedef struct
{
  gboolean is_result; /* otherwise it is the page of a proxy, or another answer */
  double sum;
} Sums;

static void
on_element (G_GNUC_UNUSED GMarkupParseContext *context, const char *name,
            G_GNUC_UNUSED const char **keys, G_GNUC_UNUSED const char **values, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  Sums *self = data;
  self->is_result = self->is_result || strcmp (name, "GetMetricStatisticsResult") == 0;
}

/* Sums all <Sum> elements. */
static void
on_sum_text (GMarkupParseContext *context, const char *text, gsize len, gpointer data,
             G_GNUC_UNUSED GError **error)
{
  Sums *self = data;
  g_autofree char *number = g_strndup (text, len);
  if (strcmp (g_markup_parse_context_get_element (context), "Sum") == 0)
    self->sum += g_ascii_strtod (number, NULL);
}

static gboolean
read_sums (GBytes *body, double *out_sum)
{
  static const GMarkupParser parser = { .start_element = on_element, .text = on_sum_text };
  Sums sums = { .is_result = FALSE };
  gsize size = 0;
  const char *data = g_bytes_get_data (body, &size);
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &sums, NULL);
  gboolean ok = size > 0 && g_markup_parse_context_parse (context, data, (gssize) size, NULL)
                && g_markup_parse_context_end_parse (context, NULL) && sums.is_result;
  *out_sum = sums.sum;
  return ok;
}

gboolean
oci_lambda_api_count_errors (OciLambdaApi *self, const OciLambdaErrors *of, double *out_errors,
                             GCancellable *cancellable, GError **error)
{
  OCI_PREFIX (error, "GetMetricStatistics of CloudWatch in %s", self->region);
  if ((self->credentials == NULL || is_near_its_end (self->credentials))
      && !find_credentials (self, cancellable, error))
    return FALSE;
  g_autoptr (GBytes) body = oci_lambda_errors_form (of);
  const OciAwsCall request = {
    .endpoint = self->metrics_endpoint,
    .content_type = "application/x-www-form-urlencoded; charset=utf-8",
    .body = body,
    .region = self->region,
    .service = "monitoring",
    .credentials = self->credentials,
  };
  g_autoptr (OciHttpResponse) response = oci_aws_call (self->client, &request, cancellable, error);
  if (response == NULL)
    return FALSE;
  g_autofree char *code = response->status == 200 ? NULL : oci_aws_error_code (response);
  g_autofree char *quoted = oci_quote (code != NULL ? code : "");
  if (response->status != 200)
    return oci_throw (error, error_of_status (response->status),
                      "%s (HTTP %u), with AWS credentials from %s%s", quoted, response->status,
                      self->credentials->source,
                      response->status == 403 ? "; the identity needs the permission "
                                                "cloudwatch:GetMetricStatistics"
                                              : "");
  return read_sums (response->body, out_errors)
         || oci_throw (error, OCI_ERROR_FORMAT, "the answer is not one of CloudWatch");
}
