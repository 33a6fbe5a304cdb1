/* The Security Token Service: AWS's query protocol, which answers in XML. */
#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-service.h"
#include "oci/http/credentials.h"

#include "oci/base/redact.h"

#include <string.h>

#define VERSION "2011-06-15"

/* The relevant elements of any answer. */
typedef struct
{
  char *access_key;
  char *secret_key;
  char *session_token;
  char *expiration;
  char *code;
  char *message;
  char **current; /* (nullable): destination of the open element's text */
} StsAnswer;

static void
sts_answer_clear (StsAnswer *self)
{
  g_free (self->access_key);
  oci_secret_free (self->secret_key);
  oci_secret_free (self->session_token);
  g_free (self->expiration);
  g_free (self->code);
  g_free (self->message);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (StsAnswer, sts_answer_clear)

static void
on_start (G_GNUC_UNUSED GMarkupParseContext *context, const char *element,
          G_GNUC_UNUSED const char **names, G_GNUC_UNUSED const char **values, gpointer data,
          G_GNUC_UNUSED GError **error)
{
  StsAnswer *self = data;
  const struct
  {
    const char *name;
    char **text;
  } elements[] = { { "AccessKeyId", &self->access_key },
                   { "SecretAccessKey", &self->secret_key },
                   { "SessionToken", &self->session_token },
                   { "Expiration", &self->expiration },
                   { "Code", &self->code },
                   { "Message", &self->message } };
  self->current = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (elements); i++)
    if (strcmp (element, elements[i].name) == 0 && *elements[i].text == NULL)
      self->current = elements[i].text;
}

static void
on_end (G_GNUC_UNUSED GMarkupParseContext *context, G_GNUC_UNUSED const char *element,
        gpointer data, G_GNUC_UNUSED GError **error)
{
  ((StsAnswer *) data)->current = NULL;
}

static void
on_text (G_GNUC_UNUSED GMarkupParseContext *context, const char *text, gsize len, gpointer data,
         G_GNUC_UNUSED GError **error)
{
  StsAnswer *self = data;
  if (self->current == NULL || *self->current != NULL)
    return;
  *self->current = g_strndup (text, len);
  g_strstrip (*self->current);
}

static gboolean
parse_answer (const OciHttpResponse *response, StsAnswer *out_answer)
{
  static const GMarkupParser parser = { .start_element = on_start,
                                        .end_element = on_end,
                                        .text = on_text };
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (GMarkupParseContext) context =
      g_markup_parse_context_new (&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, out_answer, NULL);
  return size > 0 && g_markup_parse_context_parse (context, data, (gssize) size, NULL)
         && g_markup_parse_context_end_parse (context, NULL);
}

static OciAwsCredentials *
read_answer (const OciHttpResponse *response, const OciAwsRole *role, GError **error)
{
  g_auto (StsAnswer) answer = { 0 };
  g_autofree char *role_quoted = oci_quote (role->role_arn);
  gboolean parsed = parse_answer (response, &answer);
  if (response->status != 200)
    {
      g_autofree char *message = oci_quote (answer.message);
      g_autofree char *code = oci_quote (answer.code);
      oci_throw (error, OCI_ERROR_DENIED, "STS does not let %s be assumed: %s%s%s%s(HTTP %u)",
                 role_quoted, answer.code != NULL ? code : "",
                 answer.code != NULL && answer.message != NULL ? ": " : "",
                 answer.message != NULL ? message : "",
                 answer.code != NULL || answer.message != NULL ? " " : "", response->status);
      return NULL;
    }
  if (!parsed || answer.access_key == NULL || answer.secret_key == NULL
      || answer.session_token == NULL)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "STS answers for %s without credentials", role_quoted);
      return NULL;
    }
  OciAwsCredentials *credentials =
      oci_aws_credentials_new (answer.access_key, answer.secret_key, answer.session_token);
  gint64 expires = answer.expiration != NULL ? oci_aws_parse_time (answer.expiration) : -1;
  credentials->expires = MAX (expires, 0);
  return credentials;
}

static void
add_field (GString *form, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autoptr (OciSecret) escaped = g_uri_escape_string (value, NULL, FALSE);
  g_string_append_printf (form, "&%s=%s", name, escaped);
}

/* botocore's endpoint rules for sts. */
static char *
sts_host (const OciAwsConfig *config, const char *region)
{
  gboolean fips = oci_aws_config_flag (config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  gboolean dual =
      oci_aws_config_flag (config, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
  gboolean gov = g_str_has_prefix (region, "us-gov-"); /* where all endpoints are FIPS */
  return g_strdup_printf ("sts%s.%s.%s", fips && (dual || !gov) ? "-fips" : "", region,
                          dual ? oci_aws_dual_stack_suffix (region) : oci_aws_dns_suffix (region));
}

static OciAwsCredentials *
ask (const OciAwsSearch *search, const char *action, const OciAwsRole *role, const char *token,
     const OciAwsCredentials *from, GError **error)
{
  const char *known = oci_aws_default_region (search->config);
  const char *region = known != NULL ? known : search->region; /* determines the endpoint of STS */
  g_autofree char *host = sts_host (search->config, region);
  g_autofree char *endpoint = oci_aws_endpoint (search->config, "STS", host, error);
  if (endpoint == NULL)
    return NULL;
  oci_redact_add (token);
  GString *form = g_string_new (NULL);
  g_string_append_printf (form, "Action=%s&Version=" VERSION, action);
  add_field (form, "RoleArn", role->role_arn);
  add_field (form, "RoleSessionName", role->session_name != NULL ? role->session_name : "terrane");
  add_field (form, "ExternalId", role->external_id);
  add_field (form, "DurationSeconds", role->duration_seconds);
  add_field (form, "WebIdentityToken", token);
  gsize size = form->len;
  OciSecret *text = g_string_free (form, FALSE);
  g_autoptr (GBytes) body =
      g_bytes_new_with_free_func (text, size, (GDestroyNotify) oci_secret_free, text);
  const OciAwsCall call = {
    .endpoint = endpoint,
    .content_type = "application/x-www-form-urlencoded; charset=utf-8",
    .body = body,
    .region = region,
    .service = "sts",
    .credentials = from,
  };
  g_autoptr (OciHttpResponse) response =
      oci_aws_call (search->client, &call, search->cancellable, error);
  return response != NULL ? read_answer (response, role, error) : NULL;
}

OciAwsCredentials *
oci_aws_assume_role (const OciAwsSearch *search, const OciAwsRole *role,
                     const OciAwsCredentials *from, GError **error)
{
  return ask (search, "AssumeRole", role, NULL, from, error);
}

OciAwsCredentials *
oci_aws_assume_role_with_web_identity (const OciAwsSearch *search, const OciAwsRole *role,
                                       const char *token, GError **error)
{
  return ask (search, "AssumeRoleWithWebIdentity", role, token, NULL, error);
}
