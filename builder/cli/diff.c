/* terrane diff */
#include "builder/diff/diff.h"
#include "builder/cli/diff-print.h"
#include "builder/cli/image-files.h"
#include "builder/cli/load-profile.h"
#include "builder/error.h"

typedef struct
{
  gboolean symbols, checks;
  TerraneInspectionArguments common;
} DiffOptions;

/* Returns: (transfer full) (nullable): the image in the store from the profile's last build */
static char *
image_of (const char *argument, const char *platform, GError **error)
{
  if (!terrane_command_is_profile (argument))
    return g_strdup (argument);
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile (argument, platform, error);
  return profile != NULL ? g_strconcat (profile->name, ":latest", NULL) : NULL;
}

static TerraneOpenImage *
open_image (const TerraneWorkbench *bench, const DiffOptions *options, const char *argument,
            GError **error)
{
  g_autofree char *image = image_of (argument, options->common.platform, error);
  if (image == NULL)
    return NULL;
  TerraneOpenImage *opened = terrane_workbench_open_image (bench, image, options->common.platform,
                                                           TERRANE_IMAGE_LAYERS, error);
  if (opened == NULL && terrane_command_is_profile (argument))
    g_prefix_error (error, "%s: build it first: ", argument);
  return opened;
}

static json_t *
compare (const TerraneWorkbench *bench, const DiffOptions *options, char **arguments,
         GError **error)
{
  g_auto (TerraneDiffSide) a = { .store = NULL }, b = { .store = NULL };
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *today = options->checks ? g_date_time_format (now, "%Y-%m-%d") : NULL;
  g_autoptr (TerraneOpenImage) left = open_image (bench, options, arguments[0], error);
  g_autoptr (TerraneOpenImage) right =
      left != NULL ? open_image (bench, options, arguments[1], error) : NULL;
  const TerraneDiffOptions diff = { .symbols = options->symbols, .today = today };
  if (right == NULL
      || !terrane_diff_side_init (&a, bench->store, left, arguments[0], bench->jobs,
                                  bench->progress, error)
      || !terrane_diff_side_init (&b, bench->store, right, arguments[1], bench->jobs,
                                  bench->progress, error))
    return NULL;
  return terrane_diff (&a, &b, &diff, error);
}

static gboolean
run_diff (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const DiffOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  if (!terrane_workbench_open (global, &options->common.remote, 0, &bench, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = compare (&bench, options, arguments, error);
  if (document == NULL)
    return FALSE;
  terrane_workbench_show (&bench, document, terrane_diff_print);
  global->exit_status = terrane_diff_is_equal (document) ? TERRANE_EXIT_DONE : TERRANE_EXIT_STALE;
  return TRUE;
}

static const TerraneOption diff_options[] = {
  { .name = "symbols",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (DiffOptions, symbols),
    .help = "Also compare SONAMEs and exported symbols of libraries" },
  { .name = "checks",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (DiffOptions, checks),
    .help = "Also check both, and show the findings that came and went" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_diff = {
  .name = "diff",
  .arguments = "IMAGE|PROFILE IMAGE|PROFILE",
  .summary = "Show what differs between two images, the first cause first",
  .description =
      "The exit code is 0 when both are the same image, 4 when they differ, and another one after "
      "a "
      "failure. An image outside of the store is copied into it first; a PROFILE, a JSON file, "
      "stands for the image that its last build left in the store.",
  .min = 2,
  .max = 2,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE_OR_PROFILE, TERRANE_OPERAND_IMAGE_OR_PROFILE },
  .options =
      (const TerraneOptionGroup[]){ { .rows = diff_options },
                                    TERRANE_INSPECTION_GROUPS (offsetof (DiffOptions, common)),
                                    { .rows = NULL } },
  .size = sizeof (DiffOptions),
  .run = run_diff,
};
