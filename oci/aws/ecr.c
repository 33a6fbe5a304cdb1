#include "oci/aws/ecr.h"

#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-service.h"

#include "oci/base/json.h"
#include "oci/base/text-hash.h"

#include <string.h>

#define TARGET_PREFIX "AmazonEC2ContainerRegistry_V20150921."

/* The host names that awslabs/amazon-ecr-credential-helper recognises as ECR's. */
#define HOST_PATTERN                                                                               \
  "^([0-9]{12})\\.dkr[.\\-]ecr(-fips)?\\.([a-zA-Z0-9][a-zA-Z0-9_-]*)\\."                           \
  "(amazonaws\\.(?:com(?:\\.cn)?|eu)|on\\.(?:aws|amazonwebservices\\.(?:com\\.cn|eu))"             \
  "|sc2s\\.sgov\\.gov|c2s\\.ic\\.gov|cloud\\.adc-e\\.uk|csp\\.hci\\.ic\\.gov)(?::443)?$"

gboolean
oci_ecr_host_parse (const char *host, OciEcrHost *out_host)
{
  g_autoptr (GRegex) pattern = g_regex_new (HOST_PATTERN, G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  *out_host = (OciEcrHost){ 0 };
  if (!g_regex_match (pattern, host, 0, &match))
    return FALSE;
  g_autofree char *fips = g_match_info_fetch (match, 2);
  g_autofree char *suffix = g_match_info_fetch (match, 4);
  g_autofree char *region = g_match_info_fetch (match, 3);
  if (!oci_aws_is_region (region))
    return FALSE;
  out_host->account = g_match_info_fetch (match, 1);
  out_host->region = g_steal_pointer (&region);
  out_host->fips = fips != NULL && fips[0] != '\0';
  out_host->dual_stack = g_str_has_prefix (suffix, "on.");
  return TRUE;
}

void
oci_ecr_host_clear (OciEcrHost *self)
{
  g_clear_pointer (&self->account, g_free);
  g_clear_pointer (&self->region, g_free);
}

/* botocore's endpoint rules for ecr. */
char *
oci_ecr_api_host (const OciEcrHost *self, gboolean fips)
{
  const char *infix = fips || self->fips ? "-fips" : "";
  if (!self->dual_stack)
    return g_strdup_printf ("api.ecr%s.%s.%s", infix, self->region,
                            oci_aws_dns_suffix (self->region));
  return g_strdup_printf ("ecr%s.%s.%s", infix, self->region,
                          oci_aws_dual_stack_suffix (self->region));
}

/* A role for a registry, by "ACCOUNT REGION". */
typedef struct
{
  char *role_arn;
  char *external_id; /* (nullable) */
} EcrRole;

static GMutex roles_mutex;
static GHashTable *roles; /* (nullable): never freed */

static char *
role_key (const OciEcrHost *host)
{
  return g_strconcat (host->account, " ", host->region, NULL);
}

void
oci_ecr_use_role (const char *host, const char *role_arn, const char *external_id)
{
  g_auto (OciEcrHost) ecr = { 0 };
  if (!oci_ecr_host_parse (host, &ecr))
    return;
  g_autofree char *key = role_key (&ecr);
  g_mutex_lock (&roles_mutex);
  if (roles == NULL)
    roles = g_hash_table_new (oci_text_hash, g_str_equal);
  if (!g_hash_table_contains (roles, key))
    {
      EcrRole *role = g_new0 (EcrRole, 1);
      *role = (EcrRole){ .role_arn = g_strdup (role_arn), .external_id = g_strdup (external_id) };
      g_hash_table_insert (roles, g_steal_pointer (&key), role);
    }
  g_mutex_unlock (&roles_mutex);
}

static gboolean
find_role (const OciEcrHost *host, OciAwsRole *out_role)
{
  g_autofree char *key = role_key (host);
  g_mutex_lock (&roles_mutex);
  const EcrRole *role = roles != NULL ? g_hash_table_lookup (roles, key) : NULL;
  g_mutex_unlock (&roles_mutex);
  if (role != NULL)
    *out_role = (OciAwsRole){ .role_arn = role->role_arn, .external_id = role->external_id };
  return role != NULL;
}

static const char *
advise (const char *code, const char *operation)
{
  if (strstr (code, "AccessDenied") != NULL)
    return strcmp (operation, "GetAuthorizationToken") == 0
               ? "the identity needs the permission ecr:GetAuthorizationToken on ‘*’"
               : "the identity needs the permission ecr:CreateRepository";
  if (strstr (code, "Expired") != NULL)
    return "the AWS credentials have expired; get new ones, and check this machine's clock";
  if (strstr (code, "UnrecognizedClient") != NULL || strstr (code, "InvalidClientTokenId") != NULL)
    return "AWS does not know this access key; check it, and that it is of this partition";
  if (strstr (code, "InvalidSignature") != NULL || strstr (code, "SignatureDoesNotMatch") != NULL)
    return "the secret key is wrong, or this machine's clock";
  return NULL;
}

static gboolean
fail (const OciHttpResponse *response, const json_t *document, const char *operation,
      const OciAwsCredentials *credentials, GError **error)
{
  g_autofree char *code = oci_aws_error_code (response);
  const char *text = json_string_value (json_object_get (document, "message"));
  if (text == NULL)
    text = json_string_value (json_object_get (document, "Message"));
  g_autofree char *quoted_code = oci_quote (code);
  g_autofree char *quoted_text = oci_quote (text);
  const char *advice = code != NULL ? advise (code, operation) : NULL;
  return oci_throw (
      error, OCI_ERROR_DENIED, "%s: %s%s%s%s(HTTP %u), with AWS credentials from %s%s%s", operation,
      code != NULL ? quoted_code : "", text != NULL ? ": " : "", text != NULL ? quoted_text : "",
      code != NULL || text != NULL ? " " : "", response->status, credentials->source,
      advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

/* Calls @operation. @allowed: (nullable): an error code that counts as success.
 * Returns: (transfer full) (nullable): the answer */
static json_t *
call (OciHttpClient *client, const OciEcrHost *host, const char *operation, const json_t *arguments,
      const char *allowed, GCancellable *cancellable, char **out_source, GError **error)
{
  OciAwsRole role = { 0 };
  gboolean as_role = find_role (host, &role);
  g_autoptr (OciAwsCredentials) credentials = oci_aws_credentials_find_as (
      client, host->region, as_role ? &role : NULL, cancellable, error);
  g_autoptr (OciAwsConfig) config = credentials != NULL ? oci_aws_config_load (error) : NULL;
  if (config == NULL)
    return NULL;
  g_autofree char *api_host = oci_ecr_api_host (
      host, oci_aws_config_flag (config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"));
  g_autofree char *endpoint = oci_aws_endpoint (config, "ECR", api_host, error);
  if (endpoint == NULL)
    return NULL;
  g_autofree char *target = g_strconcat (TARGET_PREFIX, operation, NULL);
  g_autoptr (GBytes) body = oci_json_dump (arguments);
  const OciAwsCall request = {
    .endpoint = endpoint,
    .content_type = "application/x-amz-json-1.1",
    .target = target,
    .body = body,
    .region = host->region,
    .service = "ecr",
    .credentials = credentials,
  };
  g_autoptr (OciHttpResponse) response = oci_aws_call (client, &request, cancellable, error);
  if (response == NULL)
    return NULL;
  gsize size = 0;
  const char *bytes = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) document = size > 0 ? json_loadb (bytes, size, 0, NULL) : NULL;
  g_autofree char *code = oci_aws_error_code (response);
  gboolean fine =
      response->status == 200 || (allowed != NULL && code != NULL && strcmp (code, allowed) == 0);
  if (!fine)
    {
      fail (response, document, operation, credentials, error);
      return NULL;
    }
  if (document == NULL)
    oci_throw (error, OCI_ERROR_FORMAT, "%s: the response is not JSON", operation);
  *out_source = g_strdup (credentials->source);
  return g_steal_pointer (&document);
}

/* base64("AWS:PASSWORD") */
static OciCredentials *
decode_token (const char *token)
{
  gsize len = 0;
  g_autofree guchar *decoded = g_base64_decode (token, &len);
  const guchar *colon = decoded != NULL && len > 0 ? memchr (decoded, ':', len) : NULL;
  OciCredentials *credentials = NULL;
  if (colon != NULL && memchr (decoded, '\0', len) == NULL)
    {
      credentials = g_new0 (OciCredentials, 1);
      credentials->user = g_strndup ((const char *) decoded, (gsize) (colon - decoded));
      credentials->password =
          g_strndup ((const char *) colon + 1, len - (gsize) (colon + 1 - decoded));
    }
  if (decoded != NULL)
    explicit_bzero (decoded, len);
  return credentials;
}

gboolean
oci_ecr_authorize (OciHttpClient *client, const OciEcrHost *host, GCancellable *cancellable,
                   OciCredentials **out_credentials, gint64 *out_expires, GError **error)
{
  g_autoptr (OciJsonValue) nothing = json_object ();
  g_autofree char *source = NULL;
  OCI_PREFIX (error, "asking Amazon ECR for a password");
  g_autoptr (OciJsonValue) answer =
      call (client, host, "GetAuthorizationToken", nothing, NULL, cancellable, &source, error);
  if (answer == NULL)
    return FALSE;
  const json_t *data = json_array_get (json_object_get (answer, "authorizationData"), 0);
  const char *token = json_string_value (json_object_get (data, "authorizationToken"));
  OciCredentials *credentials = token != NULL ? decode_token (token) : NULL;
  *out_expires = (gint64) json_number_value (json_object_get (data, "expiresAt"));
  oci_secret_wipe_json (answer);
  if (credentials == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "the answer has no authorizationToken");
  credentials->source = g_strdup_printf ("ECR password by AWS credentials from %s", source);
  *out_credentials = credentials;
  return TRUE;
}

gboolean
oci_ecr_create_repository (OciHttpClient *client, const OciEcrHost *host, const char *repository,
                           GCancellable *cancellable, gboolean *out_created, GError **error)
{
  g_autoptr (OciJsonValue) arguments = json_object ();
  g_autofree char *source = NULL;
  OCI_PREFIX (error, "creating the repository %s", repository);
  oci_json_set (arguments, "registryId", oci_json_text (host->account));
  oci_json_set (arguments, "repositoryName", oci_json_text (repository));
  g_autoptr (OciJsonValue) answer =
      call (client, host, "CreateRepository", arguments, "RepositoryAlreadyExistsException",
            cancellable, &source, error);
  if (answer == NULL)
    return FALSE;
  *out_created = json_object_get (answer, "__type") == NULL;
  return TRUE;
}
