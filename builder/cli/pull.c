/* terrane pull */
#include "builder/cli/reference.h"
#include "builder/cli/workbench.h"
#include "builder/store/names.h"

#include "oci/base/number.h"

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
pull (const TerraneWorkbench *bench, const char *source, const char *name, const char *wanted,
      json_t **out_report, GError **error)
{
  OciPullReport report = { 0 };
  g_autoptr (TerraneOpenImage) image =
      terrane_workbench_open_image (bench, source, wanted, TERRANE_IMAGE_DOCUMENTS, error);
  if (image == NULL
      || !terrane_remote_pull_layers (bench->remote, image->reference, image->descriptor, &report,
                                      error)
      || !terrane_name_set (bench->store, name, image->descriptor, error))
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

typedef struct
{
  char *platform; /* (nullable) */
  unsigned jobs;
  TerraneRemoteArguments remote;
} PullOptions;

/* Parses the reference, and the name in the store. */
static OciReference *
parse_arguments (char **arguments, char **out_name, GError **error)
{
  OCI_PREFIX (error, "pull");
  g_autoptr (OciReference) reference = terrane_reference_parse_source (arguments[0], error);
  if (reference == NULL)
    return NULL;
  g_autofree char *given = terrane_reference_local_name (reference);
  if (arguments[1] != NULL && !terrane_reference_check_name (arguments[1], error))
    return NULL;
  *out_name = oci_reference_local_name (arguments[1] != NULL ? arguments[1] : given, FALSE, error);
  return *out_name != NULL ? g_steal_pointer (&reference) : NULL;
}

static gboolean
run_pull (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const PullOptions *options = data;
  g_autofree char *name = NULL;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_autoptr (OciJsonValue) report = NULL;
  g_autoptr (OciReference) reference = parse_arguments (arguments, &name, error);
  if (reference == NULL
      || !terrane_workbench_open (global, &options->remote, options->jobs, &bench, error)
      || !pull (&bench, arguments[0], name, options->platform, &report, error))
    return FALSE;
  terrane_workbench_show (&bench, report, print_report);
  return TRUE;
}

const TerraneCommand terrane_command_pull = {
  .name = "pull",
  .arguments = "docker://HOST/REPOSITORY[:TAG][@DIGEST] [NAME[:TAG]]",
  .summary = "Copy an image from a registry into the store",
  .description =
      "The image gets the name NAME, or else the last part of REPOSITORY with its tag. What the "
      "store has is not fetched again, and an interrupted pull goes on where it stopped.",
  .examples = "pull docker://public.ecr.aws/lambda/python:3.13 python",
  .min = 1,
  .max = 2,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_TEXT, TERRANE_OPERAND_IMAGE },
  .options =
      (const TerraneOptionGroup[]){
          { .rows = terrane_platform_options, .offset = offsetof (PullOptions, platform) },
          { .rows = terrane_transfer_jobs_options, .offset = offsetof (PullOptions, jobs) },
          { .rows = terrane_remote_options, .offset = offsetof (PullOptions, remote) },
          { .rows = NULL } },
  .size = sizeof (PullOptions),
  .run = run_pull,
};
