#include "oci/aws/aws-credentials.h"

#include "oci/aws/aws-service.h"
#include "oci/http/credentials.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  TOKEN_MAX_BYTES = 256 * 1024,
  MAX_SOURCE_PROFILES = 10,
};

static const char *
environment (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

gboolean
oci_aws_credentials_check (const char *what, const OciAwsCredentials *credentials, GError **error)
{
  if (credentials->expires == 0 || credentials->expires > g_get_real_time () / G_USEC_PER_SEC)
    return TRUE;
  return oci_throw (error, OCI_ERROR_DENIED, "%s: the credentials have expired", what);
}

static gboolean
fail_without_keys (const char *what, const json_t *root, const char *const keys[4], GError **error)
{
  const char *code = json_string_value (json_object_get (root, "Code"));
  const char *message = json_string_value (json_object_get (root, "Message"));
  g_autofree char *quoted_code = oci_quote (code);
  g_autofree char *quoted_message = oci_quote (message != NULL ? message : "");
  if (code != NULL && strcmp (code, "Success") != 0)
    return oci_throw (error, OCI_ERROR_DENIED, "%s is %s: %s", what, quoted_code, quoted_message);
  return oci_throw (error, OCI_ERROR_FORMAT, "%s is not a JSON object with %s and %s", what,
                    keys[0], keys[1]);
}

static const char *
text_of (const json_t *root, const char *key)
{
  const char *text = json_string_value (json_object_get (root, key));
  return text != NULL && text[0] != '\0' ? text : NULL;
}

OciAwsCredentials *
oci_aws_credentials_read_json (const char *what, GBytes *data, const char *const keys[4],
                               GError **error)
{
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autoptr (OciJsonValue) root = size > 0 ? json_loadb (bytes, size, 0, NULL) : NULL;
  const char *access_key = text_of (root, keys[0]);
  const char *secret_key = text_of (root, keys[1]);
  OciAwsCredentials *credentials = NULL;
  if (access_key == NULL || secret_key == NULL)
    fail_without_keys (what, root, keys, error);
  else
    {
      credentials = oci_aws_credentials_new (access_key, secret_key, text_of (root, keys[2]));
      credentials->expires = oci_aws_read_expiry (json_object_get (root, keys[3]));
    }
  oci_secret_wipe_json (root);
  return credentials;
}

static OciAwsCredentials *
make_credentials (const char *access_key, const char *secret_key, const char *session_token,
                  char *source)
{
  OciAwsCredentials *credentials = oci_aws_credentials_new (access_key, secret_key, session_token);
  credentials->source = source;
  return credentials;
}

static gboolean
from_environment (OciAwsCredentials **out_credentials, GError **error)
{
  const char *access_key = environment ("AWS_ACCESS_KEY_ID");
  const char *secret_key = environment ("AWS_SECRET_ACCESS_KEY");
  const char *token = environment ("AWS_SESSION_TOKEN");
  const char *expires = environment ("AWS_CREDENTIAL_EXPIRATION");
  if (access_key == NULL)
    return TRUE;
  if (secret_key == NULL)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "$AWS_ACCESS_KEY_ID is set and $AWS_SECRET_ACCESS_KEY is not");
  *out_credentials = make_credentials (access_key, secret_key,
                                       token != NULL ? token : environment ("AWS_SECURITY_TOKEN"),
                                       g_strdup ("the environment"));
  if (expires != NULL)
    (*out_credentials)->expires = MAX (oci_aws_parse_time (expires), 0);
  return oci_aws_credentials_check ("the environment", *out_credentials, error);
}

static gboolean
from_static_keys (const OciAwsSearch *search, const char *profile,
                  OciAwsCredentials **out_credentials, GError **error)
{
  const OciAwsConfig *config = search->config;
  const char *access_key = oci_aws_config_get (config, profile, "aws_access_key_id");
  const char *secret_key = oci_aws_config_get (config, profile, "aws_secret_access_key");
  g_autofree char *quoted = oci_quote (profile);
  if (access_key == NULL)
    return TRUE;
  const char *file = oci_aws_config_file_of (config, profile, "aws_access_key_id");
  if (secret_key == NULL)
    return oci_throw (error, OCI_ERROR_DENIED,
                      "the profile %s in %s has an aws_access_key_id and no aws_secret_access_key",
                      quoted, file);
  *out_credentials = make_credentials (access_key, secret_key,
                                       oci_aws_config_get (config, profile, "aws_session_token"),
                                       g_strdup_printf ("the profile %s in %s", quoted, file));
  return TRUE;
}

static gboolean
read_token_file (const char *path, char **out_token, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  gsize size = 0;
  if (!oci_read_file (AT_FDCWD, path, TOKEN_MAX_BYTES, &data, error))
    return FALSE;
  const char *bytes = g_bytes_get_data (data, &size);
  *out_token = g_strstrip (g_strndup (size > 0 ? bytes : "", size));
  if ((*out_token)[0] != '\0')
    return TRUE;
  g_autofree char *quoted = oci_quote (path);
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "the token file %s is empty; what writes it has not done so yet, or failed",
                    quoted);
}

/* GitHub Actions: a job with the permission "id-token: write" can request a token itself. */
static gboolean
fetch_github_token (const OciAwsSearch *search, char **out_token, GError **error)
{
  const char *url = environment ("ACTIONS_ID_TOKEN_REQUEST_URL");
  g_autofree char *full =
      g_strconcat (url, strchr (url, '?') != NULL ? "&" : "?", "audience=sts.amazonaws.com", NULL);
  g_autoptr (OciSecret) authorization =
      g_strconcat ("bearer ", environment ("ACTIONS_ID_TOKEN_REQUEST_TOKEN"), NULL);
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", full);
  request.authorization = authorization;
  OCI_PREFIX (error, "GitHub's OIDC token");
  g_autoptr (OciHttpResponse) response =
      oci_aws_send (search->client, &request, "GitHub's OIDC token", search->cancellable, error);
  if (response == NULL)
    return FALSE;
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) root = size > 0 ? json_loadb (data, size, 0, NULL) : NULL;
  *out_token = g_strdup (json_string_value (json_object_get (root, "value")));
  oci_secret_wipe_json (root);
  return *out_token != NULL
         || oci_throw (error, OCI_ERROR_DENIED, "the response contains no token (HTTP %u)",
                       response->status);
}

/* Settings in the environment or the profile about a role to assume by web identity. */
typedef struct
{
  OciAwsRole role;
  const char *token_file; /* (nullable): NULL to request a token from GitHub */
  const char *where;
} WebIdentity;

static gboolean
find_web_identity (const OciAwsSearch *search, const char *profile, gboolean use_environment,
                   WebIdentity *out)
{
  const OciAwsConfig *config = search->config;
  out->role.role_arn = oci_aws_config_get (config, profile, "role_arn");
  out->role.session_name = oci_aws_config_get (config, profile, "role_session_name");
  out->token_file = oci_aws_config_get (config, profile, "web_identity_token_file");
  out->where = "the profile";
  if (out->token_file != NULL && out->role.role_arn != NULL)
    return TRUE;
  if (!use_environment)
    return FALSE;
  out->role.role_arn = environment ("AWS_ROLE_ARN");
  out->role.session_name = environment ("AWS_ROLE_SESSION_NAME");
  out->token_file = environment ("AWS_WEB_IDENTITY_TOKEN_FILE");
  out->where = "the environment";
  return out->role.role_arn != NULL
         && (out->token_file != NULL
             || (environment ("ACTIONS_ID_TOKEN_REQUEST_URL") != NULL
                 && environment ("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != NULL));
}

static gboolean
from_web_identity (const OciAwsSearch *search, const char *profile, gboolean use_environment,
                   OciAwsCredentials **out_credentials, GError **error)
{
  WebIdentity identity = { 0 };
  g_autoptr (OciSecret) token = NULL;
  if (!find_web_identity (search, profile, use_environment, &identity))
    return TRUE;
  OCI_PREFIX (error, "web identity of %s", identity.where);
  if (identity.token_file != NULL ? !read_token_file (identity.token_file, &token, error)
                                  : !fetch_github_token (search, &token, error))
    return FALSE;
  *out_credentials = oci_aws_assume_role_with_web_identity (search, &identity.role, token, error);
  if (*out_credentials == NULL)
    return FALSE;
  g_autofree char *quoted = oci_quote (identity.role.role_arn);
  (*out_credentials)->source = g_strdup_printf ("web identity for the role %s", quoted);
  return TRUE;
}

/* A role's credential_source. */
static gboolean
from_named_source (const OciAwsSearch *search, const char *name,
                   OciAwsCredentials **out_credentials, GError **error)
{
  g_autofree char *reason = NULL;
  gboolean ok = TRUE;
  if (strcmp (name, "Environment") == 0)
    ok = from_environment (out_credentials, error);
  else if (strcmp (name, "EcsContainer") == 0)
    ok = oci_aws_container_credentials (search, out_credentials, error);
  else if (strcmp (name, "Ec2InstanceMetadata") == 0)
    ok = oci_aws_machine_credentials (search, out_credentials, &reason, error);
  else
    {
      g_autofree char *quoted = oci_quote (name);
      return oci_throw (error, OCI_ERROR_UNSUPPORTED, "unknown credential_source %s", quoted);
    }
  if (!ok || *out_credentials != NULL)
    return ok;
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "credential_source %s has no credentials%s%s", name,
                    reason != NULL ? ": " : "", reason != NULL ? reason : "");
}

static gboolean from_profile (const OciAwsSearch *search, const char *profile, unsigned depth,
                              OciAwsCredentials **out_credentials, GError **error);

/* Finds the credentials with which a role is assumed. */
static gboolean
from_role_source (const OciAwsSearch *search, const char *profile, unsigned depth,
                  OciAwsCredentials **out_credentials, GError **error)
{
  const char *source = oci_aws_config_get (search->config, profile, "source_profile");
  const char *named = oci_aws_config_get (search->config, profile, "credential_source");
  if ((source == NULL) == (named == NULL))
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "needs one of source_profile and credential_source beside role_arn");
  if (named != NULL)
    return from_named_source (search, named, out_credentials, error);
  g_autofree char *quoted = oci_quote (source);
  gboolean ok = strcmp (source, profile) == 0
                    ? from_static_keys (search, profile, out_credentials, error)
                    : from_profile (search, source, depth + 1, out_credentials, error);
  if (!ok || *out_credentials != NULL)
    return ok;
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "its source_profile %s has no credentials", quoted);
}

/* Whether the chain of profiles with roles is endless or too long. */
static gboolean
goes_round (const OciAwsConfig *config, const char *profile)
{
  for (unsigned i = 0; i < MAX_SOURCE_PROFILES; i++)
    {
      const char *source = oci_aws_config_get (config, profile, "source_profile");
      if (source == NULL || strcmp (source, profile) == 0
          || oci_aws_config_get (config, source, "role_arn") == NULL
          || oci_aws_config_get (config, source, "web_identity_token_file") != NULL)
        return FALSE;
      profile = source;
    }
  return TRUE;
}

static gboolean
from_assumed_role (const OciAwsSearch *search, const char *profile, unsigned depth,
                   OciAwsCredentials **out_credentials, GError **error)
{
  const OciAwsConfig *config = search->config;
  const OciAwsRole role = {
    .role_arn = oci_aws_config_get (config, profile, "role_arn"),
    .session_name = oci_aws_config_get (config, profile, "role_session_name"),
    .external_id = oci_aws_config_get (config, profile, "external_id"),
    .duration_seconds = oci_aws_config_get (config, profile, "duration_seconds"),
  };
  g_autofree char *quoted = oci_quote (profile);
  g_autoptr (OciAwsCredentials) from = NULL;
  OCI_PREFIX (error, "the profile %s", quoted);
  if (role.role_arn == NULL
      || oci_aws_config_get (config, profile, "web_identity_token_file") != NULL)
    return TRUE;
  if (depth == 0 && goes_round (config, profile))
    return oci_throw (error, OCI_ERROR_FORMAT, "source_profile goes round in a circle");
  if (oci_aws_config_get (config, profile, "mfa_serial") != NULL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "mfa_serial asks for a code, which terrane does not ask for; get "
                      "credentials with 'aws sts assume-role' and put them into the environment");
  if (!from_role_source (search, profile, depth, &from, error))
    return FALSE;
  g_assert (from != NULL); /* none at all would be an error there */
  *out_credentials = oci_aws_assume_role (search, &role, from, error);
  if (*out_credentials == NULL)
    return FALSE;
  g_autofree char *role_quoted = oci_quote (role.role_arn);
  (*out_credentials)->source = g_strdup_printf ("the role %s of the profile %s, assumed with %s",
                                                role_quoted, quoted, from->source);
  return TRUE;
}

/* Tries everything that a profile can configure, in botocore's order. */
static gboolean
from_profile (const OciAwsSearch *search, const char *profile, unsigned depth,
              OciAwsCredentials **out_credentials, GError **error)
{
  return from_assumed_role (search, profile, depth, out_credentials, error)
         && (*out_credentials != NULL
             || from_web_identity (search, profile, depth == 0, out_credentials, error))
         && (*out_credentials != NULL
             || oci_aws_sso_credentials (search, profile, out_credentials, error))
         && (*out_credentials != NULL || from_static_keys (search, profile, out_credentials, error))
         && (*out_credentials != NULL
             || oci_aws_process_credentials (search, profile, out_credentials, error));
}

static gboolean
check_profile (const OciAwsSearch *search, const char *profile, GError **error)
{
  gboolean named =
      environment ("AWS_PROFILE") != NULL || environment ("AWS_DEFAULT_PROFILE") != NULL;
  if (!named || oci_aws_config_has_profile (search->config, profile))
    return TRUE;
  g_autofree char *quoted = oci_quote (profile);
  return oci_throw (error, OCI_ERROR_NOT_FOUND,
                    "the profile %s of $AWS_PROFILE is in neither of the AWS configuration files",
                    quoted);
}

OciAwsCredentials *
oci_aws_credentials_find (OciHttpClient *client, const char *region, GCancellable *cancellable,
                          GError **error)
{
  const char *profile = oci_aws_profile_name ();
  g_autoptr (OciAwsCredentials) credentials = NULL;
  g_autofree char *reason = NULL;
  OCI_PREFIX (error, "AWS credentials");
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (error);
  if (config == NULL)
    return NULL;
  const OciAwsSearch search = {
    .client = client, .config = config, .region = region, .cancellable = cancellable
  };
  if (!from_environment (&credentials, error))
    return NULL;
  if (credentials == NULL
      && (!check_profile (&search, profile, error)
          || !from_profile (&search, profile, 0, &credentials, error)))
    return NULL;
  if (credentials == NULL && !oci_aws_container_credentials (&search, &credentials, error))
    return NULL;
  if (credentials == NULL && !oci_aws_machine_credentials (&search, &credentials, &reason, error))
    return NULL;
  if (credentials != NULL)
    return g_steal_pointer (&credentials);
  g_autofree char *quoted = oci_quote (profile);
  oci_throw (error, OCI_ERROR_NOT_FOUND,
             "none found\n"
             "  the environment: no AWS_ACCESS_KEY_ID, no AWS_ROLE_ARN with a web identity token\n"
             "  the profile %s: no keys, role, single sign-on or credential_process\n"
             "  the container: no AWS_CONTAINER_CREDENTIALS_… in the environment\n"
             "  the machine: %s",
             quoted, reason != NULL ? reason : "no role");
  return NULL;
}

OciAwsCredentials *
oci_aws_credentials_find_as (OciHttpClient *client, const char *region, const OciAwsRole *role,
                             GCancellable *cancellable, GError **error)
{
  g_autoptr (OciAwsCredentials) from =
      oci_aws_credentials_find (client, region, cancellable, error);
  if (from == NULL || role == NULL)
    return g_steal_pointer (&from);
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (error);
  if (config == NULL)
    return NULL;
  const OciAwsSearch search = {
    .client = client, .config = config, .region = region, .cancellable = cancellable
  };
  OciAwsCredentials *credentials = oci_aws_assume_role (&search, role, from, error);
  if (credentials == NULL)
    {
      g_prefix_error (error, "with AWS credentials from %s: ", from->source);
      return NULL;
    }
  g_autofree char *quoted = oci_quote (role->role_arn);
  credentials->source = g_strdup_printf ("the role %s, assumed with %s", quoted, from->source);
  return credentials;
}
