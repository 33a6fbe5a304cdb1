/* credential_process: a program that prints credentials. */
#include "oci/aws/aws-credentials.h"
#include "oci/http/credentials.h"
#include "oci/http/helper-process.h"

enum
{
  MAX_OUTPUT_BYTES = 1024 * 1024,
  TIMEOUT_MSECS = 60 * 1000,
};

static const char *const document_keys[] = { "AccessKeyId", "SecretAccessKey", "SessionToken",
                                             "Expiration" };

static gboolean
run (const OciAwsSearch *search, const char *command, OciProcessResult *out_result, GError **error)
{
  g_auto (GStrv) argv = NULL;
  if (!g_shell_parse_argv (command, NULL, &argv, NULL)) /* only splits; no shell is run */
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "cannot be split into arguments; check its quotation marks");
  const OciHelperProcess process = { .argv = (const char *const *) argv,
                                     .input = "",
                                     .max_output = MAX_OUTPUT_BYTES,
                                     .timeout_ms = TIMEOUT_MSECS };
  if (!oci_helper_process_run (&process, search->cancellable, out_result, error))
    return FALSE;
  if (out_result->exit_code == 0)
    return TRUE;
  g_autofree char *messages = oci_quote (g_strchomp (out_result->messages));
  return oci_throw (error, OCI_ERROR_DENIED, "failed with exit code %d: %s", out_result->exit_code,
                    messages);
}

gboolean
oci_aws_process_credentials (const OciAwsSearch *search, const char *profile,
                             OciAwsCredentials **out_credentials, GError **error)
{
  g_auto (OciProcessResult) result = { 0 };
  g_autofree char *quoted = oci_quote (profile);
  const char *command = oci_aws_config_get (search->config, profile, "credential_process");
  OCI_PREFIX (error, "credential_process of the profile %s", quoted);
  if (command == NULL)
    return TRUE;
  if (!run (search, command, &result, error))
    return FALSE;
  g_autoptr (GBytes) output = g_bytes_new_static (result.output, result.output_size);
  *out_credentials = oci_aws_credentials_read_json ("its output", output, document_keys, error);
  if (*out_credentials == NULL
      || !oci_aws_credentials_check ("its output", *out_credentials, error))
    return FALSE;
  (*out_credentials)->source = g_strdup_printf ("credential_process of the profile %s", quoted);
  return TRUE;
}
