/* Single sign-on (IAM Identity Center): the token that 'aws sso login' stores in ~/.aws/sso/cache,
 * renewed if possible, and exchanged for the credentials of a role. */
#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-service.h"
#include "oci/http/credentials.h"

#include "oci/base/fd.h"
#include "oci/base/json.h"
#include "oci/base/redact.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

enum
{
  CACHE_MAX_BYTES = 256 * 1024,
  RENEW_SECONDS = 15 * 60, /* before a token expires, as botocore does */
};

/* Settings of the profile and its session. */
typedef struct
{
  const char *account_id;
  const char *role_name;
  const char *region;
  const char *key;     /* determines the name of the cache file: the session, or the start URL */
  const char *session; /* (nullable) */
} SsoProfile;

static gboolean
read_profile (const OciAwsSearch *search, const char *profile, SsoProfile *out, GError **error)
{
  const OciAwsConfig *config = search->config;
  const char *start_url = NULL;
  out->account_id = oci_aws_config_get (config, profile, "sso_account_id");
  out->role_name = oci_aws_config_get (config, profile, "sso_role_name");
  out->session = oci_aws_config_get (config, profile, "sso_session");
  if (out->session != NULL)
    {
      out->region = oci_aws_config_get_session (config, out->session, "sso_region");
      start_url = oci_aws_config_get_session (config, out->session, "sso_start_url");
    }
  else
    {
      out->region = oci_aws_config_get (config, profile, "sso_region");
      start_url = oci_aws_config_get (config, profile, "sso_start_url");
    }
  out->key = out->session != NULL ? out->session : start_url;
  if (start_url != NULL && out->account_id != NULL && out->role_name != NULL && out->region != NULL
      && oci_aws_is_region (out->region))
    return TRUE;
  return oci_throw (error, OCI_ERROR_FORMAT,
                    "needs sso_account_id, sso_role_name, and sso_start_url and sso_region of the "
                    "profile or of its sso_session");
}

static char *
cache_directory (void)
{
  const char *home = g_getenv ("HOME");
  return g_build_filename (home != NULL && home[0] != '\0' ? home : g_get_home_dir (), ".aws",
                           "sso", "cache", NULL);
}

static char *
cache_name (const SsoProfile *sso)
{
  g_autofree char *sha1 = g_compute_checksum_for_string (G_CHECKSUM_SHA1, sso->key, -1);
  return g_strconcat (sha1, ".json", NULL);
}

static const char *
text_of (const json_t *document, const char *key)
{
  return json_string_value (json_object_get (document, key));
}

static gboolean
is_usable (const json_t *cached, gint64 margin)
{
  const char *expires = text_of (cached, "expiresAt");
  gint64 time = expires != NULL ? oci_aws_parse_time (expires) : -1;
  return text_of (cached, "accessToken") != NULL
         && time > g_get_real_time () / G_USEC_PER_SEC + margin;
}

static gboolean
fail_login (const char *profile, GError **error)
{
  return oci_throw (error, OCI_ERROR_DENIED,
                    "there is no valid token; run 'aws sso login --profile %s'", profile);
}

/* Losing what is written here only costs a login. */
static void
write_cache (const SsoProfile *sso, const json_t *cached)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *path = cache_directory ();
  g_autofree char *name = cache_name (sso);
  g_autoptr (OciSecret) text = json_dumps (cached, JSON_COMPACT);
  if (text != NULL && oci_open_dir (AT_FDCWD, path, &directory, NULL))
    (void) oci_replace_file_synced (directory, name, 0600, text, strlen (text), NULL);
}

/* Updates accessToken and expiresAt from an answer of the OIDC service. */
static gboolean
take_renewed (json_t *cached, const OciHttpResponse *response)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) answer = json_loadb (data, size, 0, NULL);
  const char *token = text_of (answer, "accessToken");
  const char *refresh = text_of (answer, "refreshToken");
  json_int_t seconds = json_integer_value (json_object_get (answer, "expiresIn"));
  if (response->status != 200 || token == NULL || seconds <= 0 || seconds > G_MAXINT32)
    return FALSE;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) expires = g_date_time_add_seconds (now, (double) seconds);
  g_autofree char *text = g_date_time_format (expires, "%Y-%m-%dT%H:%M:%SZ");
  oci_json_set (cached, "accessToken", oci_json_text (token));
  oci_json_set (cached, "expiresAt", oci_json_text (text));
  if (refresh != NULL)
    oci_json_set (cached, "refreshToken", oci_json_text (refresh));
  oci_secret_wipe_json (answer);
  return TRUE;
}

static gboolean
renew (const OciAwsSearch *search, const SsoProfile *sso, json_t *cached, GError **error)
{
  static const char *const fields[] = { "clientId", "clientSecret", "refreshToken" };
  g_autoptr (OciJsonValue) form = json_object ();
  for (size_t i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const char *value = text_of (cached, fields[i]);
      if (value == NULL)
        return TRUE; /* it cannot be renewed; the caller notices that it has expired */
      oci_redact_add (i > 0 ? value : NULL);
      oci_json_set (form, fields[i], oci_json_text (value));
    }
  oci_json_set (form, "grantType", oci_json_text ("refresh_token"));
  gboolean fips =
      oci_aws_config_flag (search->config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  g_autofree char *host = g_strdup_printf ("oidc%s.%s.%s", fips ? "-fips" : "", sso->region,
                                           oci_aws_dns_suffix (sso->region));
  g_autofree char *endpoint = oci_aws_endpoint (search->config, "SSO_OIDC", host, error);
  if (endpoint == NULL)
    return FALSE;
  g_autofree char *url = g_strconcat (endpoint, "/token", NULL);
  g_autoptr (GBytes) body = oci_json_dump (form);
  static const char *const headers[] = { "Content-Type: application/json", NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("POST", url);
  request.headers = headers;
  request.body = body;
  g_autoptr (OciHttpResponse) response =
      oci_aws_send (search->client, &request, endpoint, search->cancellable, error);
  if (response == NULL)
    return FALSE;
  if (take_renewed (cached, response))
    write_cache (sso, cached);
  return TRUE;
}

/* Returns: (transfer full) (nullable): the cache document with a valid token */
static json_t *
find_token (const OciAwsSearch *search, const char *profile, const SsoProfile *sso, GError **error)
{
  g_autofree char *directory = cache_directory ();
  g_autofree char *name = cache_name (sso);
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autoptr (GBytes) data = NULL;
  gsize size = 0;
  if (!oci_read_file (AT_FDCWD, path, CACHE_MAX_BYTES, &data, NULL))
    {
      fail_login (profile, error);
      return NULL;
    }
  const char *bytes = g_bytes_get_data (data, &size);
  g_autoptr (OciJsonValue) cached = json_loadb (bytes, size, 0, NULL);
  if (!json_is_object (cached))
    {
      fail_login (profile, error);
      return NULL;
    }
  if (!is_usable (cached, RENEW_SECONDS) && !renew (search, sso, cached, error))
    return NULL;
  if (is_usable (cached, 0))
    return g_steal_pointer (&cached);
  fail_login (profile, error);
  return NULL;
}

/* {"roleCredentials": {"accessKeyId", "secretAccessKey", "sessionToken", "expiration": msecs}} */
static OciAwsCredentials *
read_role (const OciHttpResponse *response, GError **error)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (response->body, &size);
  g_autoptr (OciJsonValue) root = json_loadb (data, size, 0, NULL);
  const json_t *role = json_object_get (root, "roleCredentials");
  const char *access_key = text_of (role, "accessKeyId");
  const char *secret_key = text_of (role, "secretAccessKey");
  if (access_key == NULL || secret_key == NULL)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "the portal answers without credentials");
      return NULL;
    }
  OciAwsCredentials *credentials =
      oci_aws_credentials_new (access_key, secret_key, text_of (role, "sessionToken"));
  credentials->expires = json_integer_value (json_object_get (role, "expiration")) / 1000;
  oci_secret_wipe_json (root);
  return credentials;
}

static OciAwsCredentials *
exchange_token (const OciAwsSearch *search, const SsoProfile *sso, const char *token,
                GError **error)
{
  gboolean fips =
      oci_aws_config_flag (search->config, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
  g_autofree char *host = g_strdup_printf ("portal.sso%s.%s.%s", fips ? "-fips" : "", sso->region,
                                           oci_aws_dns_suffix (sso->region));
  g_autofree char *endpoint = oci_aws_endpoint (search->config, "SSO", host, error);
  if (endpoint == NULL)
    return NULL;
  g_autofree char *role = g_uri_escape_string (sso->role_name, NULL, FALSE);
  g_autofree char *account = g_uri_escape_string (sso->account_id, NULL, FALSE);
  g_autofree char *url = g_strdup_printf ("%s/federation/credentials?role_name=%s&account_id=%s",
                                          endpoint, role, account);
  g_autoptr (OciSecret) line = g_strconcat ("x-amz-sso_bearer_token: ", token, NULL);
  const char *const headers[] = { line, NULL };
  OciHttpRequest request = OCI_HTTP_REQUEST_INIT ("GET", url);
  request.headers = headers;
  g_autoptr (OciHttpResponse) response =
      oci_aws_send (search->client, &request, endpoint, search->cancellable, error);
  if (response == NULL)
    return NULL;
  if (response->status == 200)
    return read_role (response, error);
  oci_throw (error, OCI_ERROR_DENIED, "the portal gives no credentials of the role (HTTP %u)",
             response->status);
  return NULL;
}

gboolean
oci_aws_sso_credentials (const OciAwsSearch *search, const char *profile,
                         OciAwsCredentials **out_credentials, GError **error)
{
  SsoProfile sso = { 0 };
  g_autofree char *quoted = oci_quote (profile);
  OCI_PREFIX (error, "single sign-on of the profile %s", quoted);
  if (oci_aws_config_get (search->config, profile, "sso_session") == NULL
      && oci_aws_config_get (search->config, profile, "sso_start_url") == NULL)
    return TRUE;
  if (!read_profile (search, profile, &sso, error))
    return FALSE;
  g_autoptr (OciJsonValue) cached = find_token (search, profile, &sso, error);
  if (cached == NULL)
    return FALSE;
  *out_credentials = exchange_token (search, &sso, text_of (cached, "accessToken"), error);
  oci_secret_wipe_json (cached);
  if (*out_credentials == NULL)
    return FALSE;
  (*out_credentials)->source = g_strdup_printf ("single sign-on of the profile %s", quoted);
  return TRUE;
}
