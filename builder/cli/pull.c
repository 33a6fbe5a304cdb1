/* terrane pull */
#include "builder/cli/remote-options.h"
#include "builder/cli/transfer.h"
#include "builder/store/names.h"

#include "oci/base/number.h"

/* "app:v1" for docker://HOST/team/app:v1; a digest becomes a tag that tells images apart. */
static char *
default_name (const OciReference *reference)
{
  OciDigestHex hex;
  const char *slash = strrchr (reference->repository, '/');
  g_autofree char *tag = reference->tag != NULL ? g_strdup (reference->tag)
                         : reference->has_digest
                             ? g_strndup (oci_digest_hex (&reference->digest, hex), 12)
                             : g_strdup ("latest");
  return g_strconcat (slash != NULL ? slash + 1 : reference->repository, ":", tag, NULL);
}

static json_t *
report_to_json (const char *name, const TerraneOpenImage *image, const OciPullReport *report)
{
  const OciReference *reference = image->reference;
  OciDigestText digest;
  json_t *object = json_object ();
  g_autofree char *platform = oci_image_config_platform_text (image->config);
  oci_digest_text (&image->descriptor->digest, digest);
  g_autofree char *by_digest =
      g_strdup_printf ("%s/%s@%s", reference->host, reference->repository, digest);
  oci_json_set (object, "name", oci_json_text (name));
  oci_json_set (object, "reference", oci_json_text (by_digest));
  oci_json_set (object, "digest", oci_json_text (digest));
  oci_json_set (object, "platform", oci_json_text (platform));
  oci_json_set (object, "blobs_downloaded", json_integer (report->blobs_downloaded));
  oci_json_set (object, "blobs_existing", json_integer (report->blobs_existing));
  oci_json_set (object, "bytes_downloaded", json_integer ((json_int_t) report->bytes_downloaded));
  oci_json_set (object, "bytes_existing", json_integer ((json_int_t) report->bytes_existing));
  return object;
}

static gboolean
pull (TerraneRemote *remote, const char *source, const char *name, const char *wanted,
      json_t **out_report, GError **error)
{
  OciPullReport report = { 0 };
  g_autoptr (TerraneOpenImage) image =
      terrane_transfer_open_image (remote, source, wanted, TERRANE_IMAGE_DOCUMENTS, error);
  if (image == NULL
      || !terrane_remote_pull_layers (remote, image->reference, image->descriptor, &report, error)
      || !terrane_name_set (terrane_remote_store (remote), name, image->descriptor, error))
    return FALSE;
  *out_report = report_to_json (name, image, &report);
  return TRUE;
}

static void
print_report (const json_t *report)
{
  g_autofree char *downloaded = oci_format_size (
      (uint64_t) json_integer_value (json_object_get (report, "bytes_downloaded")));
  g_autofree char *existing =
      oci_format_size ((uint64_t) json_integer_value (json_object_get (report, "bytes_existing")));
  terrane_print ("pulled %s: %s downloaded, %s already there\n%s\n",
                 json_string_value (json_object_get (report, "name")), downloaded, existing,
                 json_string_value (json_object_get (report, "reference")));
}

gboolean
terrane_command_pull (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) arguments = NULL;
  g_auto (TerraneRemoteArguments) remote_arguments = { 0 };
  g_autofree char *platform = NULL;
  gboolean help = FALSE;
  int jobs = TERRANE_REMOTE_JOBS;
  const GOptionEntry entries[] = {
    TERRANE_PLATFORM_ENTRY (platform),
    TERRANE_REMOTE_ENTRIES (remote_arguments),
    TERRANE_REMOTE_JOBS_ENTRY (jobs),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "pull",
    .entries = entries,
    .description = "The image gets the name NAME, or else the last part of REPOSITORY with its\n"
                   "tag. What the store has is not fetched again, and an interrupted pull goes on\n"
                   "where it stopped.",
    .min = 1,
    .max = 2,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  TerraneRemoteOptions options = { .jobs = (unsigned) jobs };
  g_autoptr (OciReference) reference = terrane_transfer_parse_pull ("pull", arguments[0], error);
  if (reference == NULL || !terrane_remote_check_jobs (jobs, "pull", error)
      || !terrane_remote_arguments_parse (&remote_arguments, global, "pull", &options, error))
    return FALSE;
  OciPlatform wanted;
  if (platform != NULL && !oci_platform_parse (platform, &wanted, error))
    {
      g_prefix_error (error, "pull: --platform: ");
      return FALSE;
    }
  g_autofree char *given = default_name (reference);
  g_autofree char *name =
      oci_reference_local_name (arguments[1] != NULL ? arguments[1] : given, FALSE, error);
  g_autoptr (TerraneStore) store =
      name != NULL ? terrane_command_open_store (global, TERRANE_STORE_SHARED, error) : NULL;
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  options.progress = terrane_terminal_progress (terminal);
  g_autoptr (TerraneRemote) remote = terrane_remote_new (store, &options);
  g_autoptr (OciJsonValue) report = NULL;
  if (!pull (remote, arguments[0], name, platform, &report, error))
    return FALSE;
  terrane_terminal_finish_phase (terminal);
  if (global->output.json)
    terrane_print_json (report);
  else
    print_report (report);
  return TRUE;
}
