#include "oci/aws/aws-describe.h"

#include "oci/base/error.h"

#include <string.h>
#include <unistd.h>

static const char *
environment (const char *name)
{
  const char *value = g_getenv (name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

/* An unreadable token makes the search fail later. */
static char *
describe_web_identity (const char *role, const char *token_file, const char *where, GError **error)
{
  g_autofree char *quoted = oci_quote (role);
  if (token_file == NULL)
    return g_strdup_printf ("web identity of %s, for the role %s, with a token of GitHub Actions",
                            where, quoted);
  g_autofree char *file = oci_quote (token_file);
  if (access (token_file, R_OK) == 0)
    return g_strdup_printf ("web identity of %s, for the role %s, with the token in %s", where,
                            quoted, file);
  oci_throw_errno (error, "web identity of %s: the token file %s", where, file);
  return NULL;
}

/* Returns: FALSE to continue with the next source */
static gboolean
find_web_identity (const OciAwsConfig *config, const char *profile, char **out_source,
                   GError **error)
{
  const char *role = oci_aws_config_get (config, profile, "role_arn");
  const char *file = oci_aws_config_get (config, profile, "web_identity_token_file");
  const char *where = "the profile";
  if (role == NULL || file == NULL)
    {
      gboolean github = environment ("ACTIONS_ID_TOKEN_REQUEST_URL") != NULL
                        && environment ("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != NULL;
      role = environment ("AWS_ROLE_ARN");
      file = environment ("AWS_WEB_IDENTITY_TOKEN_FILE");
      where = "the environment";
      if (role == NULL || (file == NULL && !github))
        return FALSE;
    }
  *out_source = describe_web_identity (role, file, where, error);
  return TRUE;
}

/* A role that is assumed from another profile or a named source. */
static char *
find_role (const OciAwsConfig *config, const char *profile)
{
  const char *role = oci_aws_config_get (config, profile, "role_arn");
  const char *from = oci_aws_config_get (config, profile, "source_profile");
  const char *named = oci_aws_config_get (config, profile, "credential_source");
  if (role == NULL || oci_aws_config_get (config, profile, "web_identity_token_file") != NULL)
    return NULL;
  g_autofree char *quoted = oci_quote (role);
  g_autofree char *source = oci_quote (from != NULL ? from : named != NULL ? named : "");
  return g_strdup_printf ("the role %s, assumed with %s", quoted, source);
}

static char *
find_in_profile (const OciAwsConfig *config, const char *profile)
{
  static const struct
  {
    const char *key;
    const char *words;
  } kinds[] = { { "sso_session", "single sign-on" },
                { "sso_start_url", "single sign-on" },
                { "aws_access_key_id", "an access key" },
                { "credential_process", "credential_process" } };
  g_autofree char *quoted = oci_quote (profile);
  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (oci_aws_config_get (config, profile, kinds[i].key) != NULL)
      return g_strdup_printf ("%s of the profile %s in %s", kinds[i].words, quoted,
                              oci_aws_config_file_of (config, profile, kinds[i].key));
  return NULL;
}

static gboolean
find_source (const OciAwsConfig *config, char **out_source, GError **error)
{
  const char *profile = oci_aws_profile_name ();
  gboolean named =
      environment ("AWS_PROFILE") != NULL || environment ("AWS_DEFAULT_PROFILE") != NULL;
  if (named && !oci_aws_config_has_profile (config, profile))
    {
      g_autofree char *quoted = oci_quote (profile);
      return oci_throw (error, OCI_ERROR_NOT_FOUND,
                        "the profile %s of $AWS_PROFILE is in neither of the AWS configuration "
                        "files",
                        quoted);
    }
  *out_source = find_role (config, profile);
  if (*out_source != NULL)
    return TRUE;
  if (find_web_identity (config, profile, out_source, error))
    return *out_source != NULL;
  *out_source = find_in_profile (config, profile);
  if (*out_source == NULL
      && (environment ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") != NULL
          || environment ("AWS_CONTAINER_CREDENTIALS_FULL_URI") != NULL))
    *out_source = g_strdup ("the container ($AWS_CONTAINER_CREDENTIALS_…)");
  return TRUE;
}

gboolean
oci_aws_credentials_describe (char **out_source, GError **error)
{
  *out_source = NULL;
  OCI_PREFIX (error, "AWS credentials");
  if (environment ("AWS_ACCESS_KEY_ID") != NULL)
    {
      if (environment ("AWS_SECRET_ACCESS_KEY") == NULL)
        return oci_throw (error, OCI_ERROR_DENIED,
                          "$AWS_ACCESS_KEY_ID is set and $AWS_SECRET_ACCESS_KEY is not");
      *out_source = g_strdup ("the environment ($AWS_ACCESS_KEY_ID)");
      return TRUE;
    }
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (error);
  return config != NULL && find_source (config, out_source, error);
}
