/* Credentials from the container or the machine, over plain HTTP on addresses that only it can
 * reach. */
#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-service.h"
#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

enum
{
  CONTAINER_SECONDS = 2,
  MACHINE_SECONDS = 1, /* botocore's defaults for both */
  MACHINE_ATTEMPTS = 1,
  MACHINE_MAX_SECONDS = 600,
  MACHINE_MAX_ATTEMPTS = 100,
  TOKEN_MAX_BYTES = 64 * 1024,
};

#define CONTAINER_ENDPOINT "http://169.254.170.2"
#define MACHINE_ENDPOINT "http://169.254.169.254"
#define MACHINE_ENDPOINT_IPV6 "http://[fd00:ec2::254]"
#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"

static const char *const document_keys[] = { "AccessKeyId", "SecretAccessKey", "Token",
                                             "Expiration" };

static const char *
environment (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

gboolean
oci_aws_is_container_host (const char *host)
{
  static const char *const known[] = { "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]" };
  const OciUrlOrigin origin = { .scheme = (char *) "http",
                                .host = (char *) host,
                                .port = (char *) "80" };
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    if (strcmp (host, known[i]) == 0)
      return TRUE;
  return oci_url_is_loopback (&origin);
}

/* *@out_url stays NULL if no container offers credentials. */
static gboolean
container_url (char **out_url, GError **error)
{
  const char *relative = environment ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full = environment ("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  g_auto (OciUrlOrigin) origin = { 0 };
  if (relative != NULL)
    {
      *out_url = oci_url_resolve (CONTAINER_ENDPOINT "/", relative, error);
      return *out_url != NULL;
    }
  if (full == NULL)
    return TRUE;
  if (!oci_url_origin (full, &origin, error))
    return FALSE;
  if (strcmp (origin.scheme, "https") != 0 && !oci_aws_is_container_host (origin.host))
    {
      g_autofree char *quoted = oci_quote (origin.host);
      return oci_throw (error, OCI_ERROR_DENIED,
                        "$AWS_CONTAINER_CREDENTIALS_FULL_URI: plain HTTP to %s is not allowed, "
                        "only to loopback and the addresses of ECS and EKS",
                        quoted);
    }
  *out_url = g_strdup (full);
  return TRUE;
}

/* Gets the value of the Authorization header; its file is read each time, since it changes. */
static gboolean
container_token (char **out_token, GError **error)
{
  const char *path = environment ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const char *value = environment ("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  g_autoptr (GBytes) data = NULL;
  if (path != NULL)
    {
      gsize size = 0;
      OCI_PREFIX (error, "$AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
      if (!oci_read_file (AT_FDCWD, path, TOKEN_MAX_BYTES, &data, error))
        return FALSE;
      const char *bytes = g_bytes_get_data (data, &size);
      *out_token = g_strndup (size > 0 ? bytes : "", size);
      if (size == 0)
        return oci_throw (error, OCI_ERROR_FORMAT, "the file is empty");
    }
  else
    *out_token = g_strdup (value);
  if (*out_token != NULL && strpbrk (*out_token, "\r\n") != NULL)
    {
      g_clear_pointer (out_token, oci_secret_free);
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "the authorization token for container credentials has a line break");
    }
  return TRUE;
}

gboolean
oci_aws_container_credentials (const OciAwsSearch *search, OciAwsCredentials **out_credentials,
                               GError **error)
{
  g_autofree char *url = NULL;
  g_autoptr (OciSecret) token = NULL;
  OCI_PREFIX (error, "container credentials");
  if (!container_url (&url, error) || (url != NULL && !container_token (&token, error)))
    return FALSE;
  if (url == NULL)
    return TRUE;
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.authorization = token;
  request.timeout_seconds = CONTAINER_SECONDS;
  request.local_service = g_str_has_prefix (url, "http:");
  g_autoptr (OciHttpResponse) response =
      oci_aws_send (search->client, &request, "container credentials", search->cancellable, error);
  if (response == NULL)
    return FALSE;
  g_autofree char *shown = oci_url_quote (url);
  if (response->status != 200)
    return oci_throw (error, OCI_ERROR_DENIED, "%s answers HTTP %u", shown, response->status);
  *out_credentials =
      oci_aws_credentials_read_json ("the answer", response->body, document_keys, error);
  if (*out_credentials == NULL
      || !oci_aws_credentials_check ("the answer", *out_credentials, error))
    return FALSE;
  (*out_credentials)->source = g_strdup ("the container's role");
  return TRUE;
}

/* The machine's metadata service, and the patience for its answers. */
typedef struct
{
  const OciAwsSearch *search;
  char *endpoint;
  uint64_t seconds;
  uint64_t attempts;
  gboolean v1_allowed;
  gboolean token_timed_out;
} Machine;

static void
machine_clear (Machine *self)
{
  g_free (self->endpoint);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Machine, machine_clear)

/* A variable, or else the key of the profile. */
static const char *
setting (const OciAwsSearch *search, const char *variable, const char *key)
{
  const char *value = environment (variable);
  return value != NULL ? value : oci_aws_config_get (search->config, oci_aws_profile_name (), key);
}

static gboolean
read_number (const OciAwsSearch *search, const char *variable, const char *key, uint64_t max,
             uint64_t *value, GError **error)
{
  const char *text = setting (search, variable, key);
  if (text == NULL)
    return TRUE;
  if (oci_parse_u64 (text, max, value, NULL) && *value > 0)
    return TRUE;
  g_autofree char *quoted = oci_quote (text);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s of $%s or %s is not a number from 1 to %" G_GUINT64_FORMAT, quoted,
                    variable, key, max);
}

static gboolean
read_endpoint (Machine *self, GError **error)
{
  const OciAwsSearch *search = self->search;
  const char *chosen =
      setting (search, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
  const char *mode = setting (search, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                              "ec2_metadata_service_endpoint_mode");
  gboolean ipv6 = mode != NULL && g_ascii_strcasecmp (mode, "ipv6") == 0;
  if (mode != NULL && !ipv6 && g_ascii_strcasecmp (mode, "ipv4") != 0)
    {
      g_autofree char *quoted = oci_quote (mode);
      return oci_throw (error, OCI_ERROR_USAGE,
                        "%s of $AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE or "
                        "ec2_metadata_service_endpoint_mode is neither ‘IPv4’ nor ‘IPv6’",
                        quoted);
    }
  self->endpoint = g_strdup (chosen != NULL ? chosen
                             : ipv6         ? MACHINE_ENDPOINT_IPV6
                                            : MACHINE_ENDPOINT);
  if (g_str_has_suffix (self->endpoint, "/"))
    self->endpoint[strlen (self->endpoint) - 1] = '\0';
  return TRUE;
}

static gboolean
machine_init (Machine *self, const OciAwsSearch *search, GError **error)
{
  self->search = search;
  self->seconds = MACHINE_SECONDS;
  self->attempts = MACHINE_ATTEMPTS;
  self->v1_allowed = !oci_aws_config_flag (search->config, "AWS_EC2_METADATA_V1_DISABLED",
                                           "ec2_metadata_v1_disabled");
  return read_endpoint (self, error)
         && read_number (search, "AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout",
                         MACHINE_MAX_SECONDS, &self->seconds, error)
         && read_number (search, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
                         "metadata_service_num_attempts", MACHINE_MAX_ATTEMPTS, &self->attempts,
                         error);
}

static OciHttpResponse *
ask_machine_once (const Machine *self, const char *method, const char *path, const char *token,
                  GError **error)
{
  static const char *const ttl[] = { "X-aws-ec2-metadata-token-ttl-seconds: 21600", NULL };
  g_autofree char *url = g_strconcat (self->endpoint, path, NULL);
  g_autoptr (OciSecret) line =
      token != NULL ? g_strconcat ("X-aws-ec2-metadata-token: ", token, NULL) : NULL;
  const char *const with_token[] = { line, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT (method, url);
  request.headers = strcmp (method, "PUT") == 0 ? ttl : with_token;
  request.timeout_seconds = (unsigned) self->seconds;
  request.local_service = TRUE;
  request.no_redirects = TRUE;
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  request.body = strcmp (method, "PUT") == 0 ? nothing : NULL;
  return oci_http_client_send (self->search->client, &request, self->search->cancellable, error);
}

/* A machine without the service does not answer at all, so that without $…_NUM_ATTEMPTS there is
 * one attempt. An empty answer counts as none. */
static OciHttpResponse *
ask_machine (const Machine *self, const char *method, const char *path, const char *token,
             GError **error)
{
  for (uint64_t left = self->attempts;; left--)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (OciHttpResponse) response = ask_machine_once (self, method, path, token, &local);
      gboolean good =
          response != NULL && response->status == 200 && g_bytes_get_size (response->body) > 0;
      gboolean final = g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED)
                       || g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT);
      if (!good && !final && left > 1)
        continue;
      if (response == NULL)
        g_propagate_error (error, g_steal_pointer (&local));
      return g_steal_pointer (&response);
    }
}

static char *
body_text (const OciHttpResponse *response)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (response->body, &size);
  return g_strstrip (g_strndup (size > 0 ? bytes : "", size));
}

/* Whether to continue, with a token or, if *@out_token stays NULL, with version 1. */
static gboolean
machine_token (Machine *self, char **out_token, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (OciHttpResponse) response =
      ask_machine (self, "PUT", "/latest/api/token", NULL, &local);
  g_autofree char *text = response != NULL ? body_text (response) : NULL;
  unsigned status = response != NULL ? response->status : 0;
  self->token_timed_out = g_error_matches (local, OCI_ERROR, OCI_ERROR_TIMEOUT);
  gboolean only_v1 = status == 403 || status == 404 || status == 405 || self->token_timed_out
                     || g_error_matches (local, OCI_ERROR, OCI_ERROR_NETWORK);
  if (status == 200 && text[0] != '\0')
    *out_token = g_steal_pointer (&text);
  else if (!only_v1 || !self->v1_allowed)
    {
      if (local == NULL)
        return oci_throw (error, OCI_ERROR_DENIED, "no session token (HTTP %u%s)", status,
                          status == 200 ? ", an empty answer" : "");
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  return TRUE;
}

static char *
machine_role_name (const Machine *self, const char *token, GError **error)
{
  g_autoptr (OciHttpResponse) response = ask_machine (self, "GET", ROLES_PATH, token, error);
  if (response == NULL)
    return NULL;
  g_autofree char *role = body_text (response);
  role[strcspn (role, "\r\n")] = '\0';
  if (response->status == 200 && role[0] != '\0')
    return g_steal_pointer (&role);
  if (response->status == 401)
    oci_throw (error, OCI_ERROR_DENIED, "it wants a session token (HTTP 401)");
  else
    oci_throw (error, OCI_ERROR_NOT_FOUND, "it has no role (HTTP %u%s)", response->status,
               response->status == 200 ? ", an empty answer" : "");
  return NULL;
}

static OciAwsCredentials *
machine_role (const Machine *self, const char *token, GError **error)
{
  g_autofree char *role = machine_role_name (self, token, error);
  if (role == NULL)
    return NULL;
  g_autofree char *escaped = g_uri_escape_string (role, NULL, FALSE);
  g_autofree char *path = g_strconcat (ROLES_PATH, escaped, NULL);
  g_autoptr (OciHttpResponse) response = ask_machine (self, "GET", path, token, error);
  if (response == NULL)
    return NULL;
  if (response->status != 200)
    {
      oci_throw (error, OCI_ERROR_DENIED, "its role is not given away (HTTP %u)", response->status);
      return NULL;
    }
  OciAwsCredentials *credentials =
      oci_aws_credentials_read_json ("the machine's answer", response->body, document_keys, error);
  if (credentials != NULL)
    {
      g_autofree char *quoted = oci_quote (role);
      credentials->source = g_strdup_printf ("the machine's role %s", quoted);
    }
  return credentials;
}

/* If the service cannot renew the role's credentials, it returns the old ones, and AWS may accept
 * them after their expiry: the SDKs use them, with a warning. */
static void
tell_expiry (const OciAwsSearch *search, const OciAwsCredentials *credentials)
{
  g_autoptr (GError) local = NULL;
  if (credentials != NULL && !oci_aws_credentials_check (credentials->source, credentials, &local))
    oci_http_client_notice (
        search->client, "%s, as the machine gives them; trying them all the same", local->message);
}

gboolean
oci_aws_machine_credentials (const OciAwsSearch *search, OciAwsCredentials **out_credentials,
                             char **out_reason, GError **error)
{
  const char *disabled = environment ("AWS_EC2_METADATA_DISABLED");
  g_auto (Machine) machine = { 0 };
  g_autoptr (GError) local = NULL;
  g_autoptr (OciSecret) token = NULL;
  if (disabled != NULL && g_ascii_strcasecmp (disabled, "true") == 0)
    {
      *out_reason = g_strdup ("switched off by $AWS_EC2_METADATA_DISABLED");
      return TRUE;
    }
  if (!machine_init (&machine, search, error))
    return FALSE;
  if (machine_token (&machine, &token, &local))
    *out_credentials = machine_role (&machine, token, &local);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  tell_expiry (search, *out_credentials);
  if (local != NULL)
    *out_reason = g_strconcat (
        local->message,
        machine.token_timed_out
            ? "; the session token did not arrive, as happens in a container when the machine's "
              "hop limit is 1: 'aws ec2 modify-instance-metadata-options "
              "--http-put-response-hop-limit 2' raises it"
            : "",
        NULL);
  return TRUE;
}
