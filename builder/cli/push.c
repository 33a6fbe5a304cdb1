/* terrane push */
#include "builder/cli/destination.h"
#include "builder/cli/reference.h"
#include "builder/cli/workbench.h"

typedef struct
{
  unsigned jobs;
  TerranePushArguments push;
  TerraneRemoteArguments remote;
} PushOptions;

static gboolean
run_push (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const PushOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_autoptr (OciReference) destination =
      terrane_reference_parse_push (arguments[1], options->push.create_repository, error);
  if (destination == NULL)
    {
      g_prefix_error (error, "push: ");
      return FALSE;
    }
  if (!terrane_workbench_open (global, &options->remote, options->jobs, &bench, error))
    return FALSE;
  g_autoptr (TerraneOpenImage) image =
      terrane_workbench_open_image (&bench, arguments[0], NULL, TERRANE_IMAGE_MANIFEST, error);
  g_autoptr (OciJsonValue) report = NULL;
  if (image == NULL || !oci_image_read_checked (image->layout, image->descriptor, NULL, error)
      || !terrane_destination_push (bench.remote, image->layout, image->descriptor, destination,
                                    &options->push, &report, error))
    return FALSE;
  terrane_workbench_show (&bench, report, terrane_destination_print_push);
  return TRUE;
}

const TerraneCommand terrane_command_push = {
  .name = "push",
  .arguments = "IMAGE docker://HOST/REPOSITORY[:TAG]",
  .summary = "Push an image to a registry",
  .description =
      "What the registry has is not sent again. Credentials are looked up in "
      "$REGISTRY_AUTH_FILE, podman's auth.json and docker's config.json, with their helpers; "
      "'terrane login HOST' writes them. For Amazon ECR the AWS credentials of the environment are "
      "enough. Plain HTTP is used on loopback only.",
  .examples = "push tiles docker://registry.example.org/team/tiles:1",
  .min = 2,
  .max = 2,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE, TERRANE_OPERAND_TEXT },
  .options =
      (const TerraneOptionGroup[]){
          { .rows = terrane_push_options, .offset = offsetof (PushOptions, push) },
          { .rows = terrane_transfer_jobs_options, .offset = offsetof (PushOptions, jobs) },
          { .rows = terrane_remote_options, .offset = offsetof (PushOptions, remote) },
          { .rows = NULL } },
  .size = sizeof (PushOptions),
  .run = run_push,
};
