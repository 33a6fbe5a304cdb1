#include "oci/aws/lambda-api.h"

#include "oci/aws/aws-service.h"
#include "oci/base/redact.h"

#include <string.h>

enum
{
  REFRESH_SECONDS = 5 * 60,            /* before credentials expire */
  INVOKE_STALL_SECONDS = 15 * 60 + 60, /* a function says nothing until its longest timeout */
};

struct _OciLambdaApi
{
  OciHttpClient *client;
  OciAwsConfig *config;
  char *region;
  char *role_arn;    /* (nullable) */
  char *external_id; /* (nullable) */
  char *endpoint;
  OciAwsCredentials *credentials; /* (nullable): not looked for yet */
};

/* botocore's endpoint rules for lambda. */
char *
oci_lambda_api_host (const char *region, gboolean fips, gboolean dual_stack)
{
  return g_strdup_printf ("lambda%s.%s.%s", fips ? "-fips" : "", region,
                          dual_stack ? oci_aws_dual_stack_suffix (region)
                                     : oci_aws_dns_suffix (region));
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
  g_autofree char *host = oci_lambda_api_host (
      identity->region,
      oci_aws_config_flag (self->config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
      oci_aws_config_flag (self->config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"));
  self->endpoint = oci_aws_endpoint (self->config, "LAMBDA", host, error);
  return self->endpoint != NULL ? g_steal_pointer (&self) : NULL;
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
  g_free (self);
}

const char *
oci_lambda_api_endpoint (const OciLambdaApi *self)
{
  return self->endpoint;
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

/* The body of an answer, which may be larger than what the HTTP client keeps itself. */
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

/* What to do about an error, by AWS's code for it. */
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
    oci_throw (error, OCI_ERROR_FORMAT, "%s of %s in %s: the answer is no JSON object",
               call->operation, call->subject, self->region);
  return g_steal_pointer (&reply->document);
}
