#include "builder/cli/remote-options.h"

#include "oci/aws/ecr.h"
#include "oci/base/number.h"

#include <string.h>

void
terrane_remote_arguments_clear (TerraneRemoteArguments *self)
{
  g_clear_pointer (&self->timeout, g_free);
  g_clear_pointer (&self->tls_verify, g_free);
}

/* "90", "90s", "15m", "2h" */
static gboolean
parse_duration (const char *text, unsigned *out_seconds)
{
  static const struct
  {
    char suffix;
    unsigned seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 } };
  size_t len = strlen (text);
  unsigned unit = 1;
  uint64_t number = 0;
  for (size_t i = 0; len > 0 && i < G_N_ELEMENTS (units); i++)
    if (text[len - 1] == units[i].suffix)
      unit = units[i].seconds;
  gboolean has_unit = len > 0 && !g_ascii_isdigit (text[len - 1]);
  g_autofree char *digits = g_strndup (text, len - (has_unit ? 1 : 0));
  if (has_unit && strchr ("smh", text[len - 1]) == NULL)
    return FALSE;
  if (!oci_parse_u64 (digits, 7 * 24 * 3600 / unit, &number, NULL) || number == 0)
    return FALSE;
  *out_seconds = (unsigned) number * unit;
  return TRUE;
}

gboolean
terrane_remote_arguments_parse (const TerraneRemoteArguments *self, const TerraneGlobal *global,
                                const char *command, TerraneRemoteOptions *out_options,
                                GError **error)
{
  out_options->offline = global->offline;
  if (self->timeout != NULL && !parse_duration (self->timeout, &out_options->timeout_seconds))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: --timeout: expected a time such as 90s, 15m or 1h, at most a week",
                      command);
  if (self->tls_verify == NULL || strcmp (self->tls_verify, "true") == 0)
    return TRUE;
  if (strcmp (self->tls_verify, "false") != 0)
    return oci_throw (error, OCI_ERROR_USAGE, "%s: --tls-verify: expected true or false", command);
  out_options->insecure = TRUE;
  return TRUE;
}

gboolean
terrane_remote_check_jobs (int jobs, const char *command, GError **error)
{
  if (jobs >= 1 && jobs <= 64)
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE, "%s: --jobs must be between 1 and 64", command);
}

static gboolean
check_create (const OciReference *destination, gboolean create, GError **error)
{
  g_auto (OciEcrHost) host = { 0 };
  if (!create || oci_ecr_host_parse (destination->host, &host))
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE,
                    "--create-repository: %s is not Amazon ECR; other registries create "
                    "repositories when they are pushed to, or have ways of their own",
                    destination->host);
}

static gboolean
check_mount_from (const char *repository, GError **error)
{
  if (repository == NULL)
    return TRUE;
  g_autofree char *text = g_strconcat ("registry.invalid/", repository, NULL);
  g_autoptr (OciReference) reference = oci_reference_parse (text, NULL);
  g_autofree char *quoted = oci_quote (repository);
  return (reference != NULL && reference->tag == NULL && !reference->has_digest)
         || oci_throw (error, OCI_ERROR_USAGE,
                       "--mount-from %s: expected a repository of the same registry, such as "
                       "team/base, without host and tag",
                       quoted);
}

OciReference *
terrane_remote_check_push (const char *text, const TerranePushArguments *arguments, GError **error)
{
  g_autoptr (OciReference) destination = terrane_transfer_parse_push (text, error);
  if (destination == NULL || !check_create (destination, arguments->create_repository, error)
      || !check_mount_from (arguments->mount_from, error))
    return NULL;
  return g_steal_pointer (&destination);
}
