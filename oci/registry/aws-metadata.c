/* Credentials from the container or the machine, over plain HTTP on addresses that only it has. */
#include "oci/registry/aws-credentials.h"
#include "oci/registry/aws-service.h"
#include "oci/registry/credentials.h"
#include "oci/registry/url.h"

#include "oci/base/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>

enum
{
  CONTAINER_SECONDS = 2,
  MACHINE_SECONDS = 1,
  TOKEN_MAX_BYTES = 64 * 1024,
};

#define CONTAINER_ENDPOINT "http://169.254.170.2"
#define MACHINE_ENDPOINT "http://169.254.169.254"
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

/* *@out_url stays NULL when no container offers credentials. */
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

/* The value of the Authorization header; its file is read each time, since it changes. */
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
      *out_token = g_strndup (bytes, size);
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
  if (response->status != 200)
    return oci_throw (error, OCI_ERROR_DENIED, "%s answers HTTP %u", url, response->status);
  *out_credentials =
      oci_aws_credentials_read_json ("the answer", response->body, document_keys, error);
  if (*out_credentials == NULL)
    return FALSE;
  (*out_credentials)->source = g_strdup ("the container's role");
  return TRUE;
}

/* One try: a machine without the service does not answer at all. */
static OciHttpResponse *
ask_machine (const OciAwsSearch *search, const char *method, const char *endpoint, const char *path,
             const char *token, GError **error)
{
  static const char *const ttl[] = { "X-aws-ec2-metadata-token-ttl-seconds: 21600", NULL };
  g_autofree char *url = g_strconcat (endpoint, path, NULL);
  g_autoptr (OciSecret) line =
      token != NULL ? g_strconcat ("X-aws-ec2-metadata-token: ", token, NULL) : NULL;
  const char *const with_token[] = { line, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT (method, url);
  request.headers = strcmp (method, "PUT") == 0 ? ttl : with_token;
  request.timeout_seconds = MACHINE_SECONDS;
  request.local_service = TRUE;
  request.no_redirects = TRUE;
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  request.body = strcmp (method, "PUT") == 0 ? nothing : NULL;
  return oci_http_client_send (search->client, &request, search->cancellable, error);
}

static char *
body_text (const OciHttpResponse *response)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (response->body, &size);
  return g_strstrip (g_strndup (bytes, size));
}

/* *@out_token stays NULL on a machine that has version 1 only. */
static gboolean
machine_token (const OciAwsSearch *search, const char *endpoint, char **out_token, GError **error)
{
  const char *v1_disabled = environment ("AWS_EC2_METADATA_V1_DISABLED");
  g_autoptr (OciHttpResponse) response =
      ask_machine (search, "PUT", endpoint, "/latest/api/token", NULL, error);
  if (response == NULL)
    return FALSE;
  gboolean only_v1 = response->status == 403 || response->status == 404 || response->status == 405;
  if (response->status == 200)
    *out_token = body_text (response);
  else if (!only_v1 || (v1_disabled != NULL && g_ascii_strcasecmp (v1_disabled, "true") == 0))
    return oci_throw (error, OCI_ERROR_DENIED, "no session token (HTTP %u)", response->status);
  return TRUE;
}

static OciAwsCredentials *
machine_role (const OciAwsSearch *search, const char *endpoint, const char *token, GError **error)
{
  g_autoptr (OciHttpResponse) roles =
      ask_machine (search, "GET", endpoint, ROLES_PATH, token, error);
  if (roles == NULL)
    return NULL;
  if (roles->status != 200)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND, "it has no role (HTTP %u)", roles->status);
      return NULL;
    }
  g_autofree char *role = body_text (roles);
  role[strcspn (role, "\r\n")] = '\0';
  g_autofree char *escaped = g_uri_escape_string (role, NULL, FALSE);
  g_autofree char *path = g_strconcat (ROLES_PATH, escaped, NULL);
  g_autoptr (OciHttpResponse) response = ask_machine (search, "GET", endpoint, path, token, error);
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

gboolean
oci_aws_machine_credentials (const OciAwsSearch *search, OciAwsCredentials **out_credentials,
                             char **out_reason, GError **error)
{
  const char *disabled = environment ("AWS_EC2_METADATA_DISABLED");
  const char *chosen = environment ("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  g_autoptr (GError) local = NULL;
  g_autoptr (OciSecret) token = NULL;
  if (disabled != NULL && g_ascii_strcasecmp (disabled, "true") == 0)
    {
      *out_reason = g_strdup ("switched off by $AWS_EC2_METADATA_DISABLED");
      return TRUE;
    }
  g_autofree char *endpoint = g_strdup (chosen != NULL ? chosen : MACHINE_ENDPOINT);
  if (g_str_has_suffix (endpoint, "/"))
    endpoint[strlen (endpoint) - 1] = '\0';
  if (machine_token (search, endpoint, &token, &local))
    *out_credentials = machine_role (search, endpoint, token, &local);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (local != NULL)
    *out_reason = g_strdup (local->message);
  return TRUE;
}
