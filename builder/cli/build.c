/* terrane build */
#include "builder/cli/build-run.h"

#include "builder/cli/build-deliver.h"
#include "builder/cli/cache-key.h"
#include "builder/cli/destination.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/record-file.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_JOBS = 1024,
};

/* "--update-lock NAME" would update everything, and treat NAME as a profile. */
static gboolean
check_update_argument (const TerraneBuildArguments *options, char **profiles, GError **error)
{
  for (char **path = profiles; options->update_lock != NULL && *path != NULL; path++)
    if (!g_str_has_suffix (*path, ".json") && !g_file_test (*path, G_FILE_TEST_IS_REGULAR))
      {
        g_autofree char *quoted = oci_quote (*path);
        return oci_throw (error, OCI_ERROR_USAGE,
                          "build: %s is not a profile; the names of --update-lock are written "
                          "--update-lock=NAME",
                          quoted);
      }
  return TRUE;
}

static gboolean
has_destination (const TerraneBuildArguments *options)
{
  return options->push != NULL && options->push[0] != '\0';
}

/* Refuses options that only make sense for one profile. */
static gboolean
check_several (const TerraneBuildArguments *options, guint n, GError **error)
{
  const gboolean destination = has_destination (options);
  const char *option = n < 2                                   ? NULL
                       : options->outputs != NULL              ? "--output"
                       : options->record != NULL               ? "--record"
                       : options->junit != NULL                ? "--junit"
                       : options->debug_output != NULL         ? "--debug-output"
                       : destination                           ? "--push with a destination"
                       : terrane_build_has_platforms (options) ? "--platform with several platforms"
                                                               : NULL;
  return option == NULL
         || oci_throw (error, OCI_ERROR_USAGE, "build: %s is about one profile, and there are %u%s",
                       option, n,
                       destination ? "; --push alone pushes each where its profile says" : "");
}

/* Checked before anything is built: a typing error must not cost minutes. */
static gboolean
check_request (const TerraneBuildArguments *options, char **profiles, char ***out_names,
               GError **error)
{
  const TerraneDelivery delivery = { .push = options->push,
                                     .push_options = &options->push_options };
  return terrane_delivery_check_push (&delivery, error)
         && check_update_argument (options, profiles, error)
         && terrane_build_split_names ("build", options->update_lock, out_names, error)
         && check_several (options, g_strv_length (profiles), error);
}

/* A tag would be that of one image: results have tags of their own. */
static gboolean
check_cache (const TerraneBuildArguments *options, gboolean offline, const char **out_secret,
             GError **error)
{
  for (guint i = 0; options->cache_to != NULL && i < options->cache_to->len; i++)
    {
      const OciReference *repository = options->cache_to->pdata[i];
      if (repository->tag != NULL || repository->has_digest)
        return oci_throw (error, OCI_ERROR_USAGE,
                          "build: --cache-to names a repository, without a tag: "
                          "docker://%s/%s",
                          repository->host, repository->repository);
    }
  if (options->no_trust_cache && options->cache_from == NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "build: --no-trust-cache requires --cache-from");
  if (options->no_trust_cache && offline)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "build: --no-trust-cache compares with registries, and --offline asks none");
  return (options->cache_from == NULL && options->cache_to == NULL)
         || terrane_cache_key_find (out_secret, error);
}

static gboolean
run_build (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const TerraneBuildArguments *options = data;
  g_auto (GStrv) names_to_update = NULL;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (GStrv) profiles = terrane_command_select_profiles (arguments, "build", error);
  const char *secret = NULL;
  if (profiles == NULL || !check_request (options, profiles, &names_to_update, error)
      || !check_cache (options, global->offline, &secret, error)
      || !terrane_workbench_open (global, &options->remote,
                                  MIN (options->jobs, (unsigned) TERRANE_REMOTE_MAX_JOBS), &bench,
                                  error)
      || !terrane_workbench_use_mirror (&bench, options->source_mirror, error))
    return FALSE;
  terrane_workbench_set_jobs (&bench, options->jobs);
  terrane_sandbox_warn (options->sandbox);
  g_autoptr (GHashTable) names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  const TerraneBuildSession session = {
    .options = options,
    .cache_secret = secret,
    .update_names = names_to_update,
    .bench = &bench,
    .names = names,
  };
  if (profiles[1] != NULL)
    return terrane_build_run_several (&session, profiles, error);
  return terrane_build_has_platforms (options)
             ? terrane_build_run_platforms (&session, profiles[0], error)
             : terrane_build_run_single (&session, profiles[0], error);
}

/* The word after --push is often a profile. */
static gboolean
is_destination (const char *word)
{
  return word[0] != '-' && !g_str_has_suffix (word, ".json");
}

#define OPTION(member) offsetof (TerraneBuildArguments, member)

static const TerraneOption build_options[] = {
  { .name = "output",
    .letter = 'o',
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (outputs),
    .metavar = "DESTINATION",
    .check = terrane_destination_check_output,
    .help = "Also write the image there" },
  { .name = "push",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (push),
    .metavar = "DESTINATION",
    .takes = is_destination,
    .help = "Push on success; without a value, to the profile's repository" },
  TERRANE_OPTION_END,
};

static const TerraneOption build_lock_options[] = {
  { .name = "locked",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (locked),
    .excludes = "update-lock no-lock",
    .help = "Refuse when the lock does not match: exit code 4" },
  { .name = "update-lock",
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (update_lock),
    .metavar = "NAME,…",
    .takes = terrane_option_takes_none,
    .excludes = "locked no-lock",
    .help = "Resolve all sources again, or ‘base’ and trees by name" },
  { .name = "no-lock",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (no_lock),
    .excludes = "locked update-lock",
    .help = "Neither read nor write a lock" },
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORMS,
    .target = OPTION (platform),
    .metavar = "OS/ARCH,…",
    .help =
        "Instead of the profile's (first) platform; several with commas; ‘all’ of the profile" },
  { .name = "cache-from",
    .kind = TERRANE_OPTION_REFERENCE,
    .target = OPTION (cache_from),
    .metavar = "IMAGE",
    .help = "Do not make again what this image or repository has" },
  { .name = "cache-to",
    .kind = TERRANE_OPTION_REFERENCE,
    .target = OPTION (cache_to),
    .metavar = "REPOSITORY",
    .help = "Give what was made to this repository" },
  { .name = "no-trust-cache",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (no_trust_cache),
    .help = "Make everything here, and compare it with --cache-from" },
  TERRANE_OPTION_END,
};

static const TerraneOption build_result_options[] = {
  { .name = "no-validate",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (no_validate),
    .help = "Do not run the profile's imports and scripts" },
  { .name = "explain",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (explain),
    .help = "Say why everything was made or not: what changed since the last build of this name" },
  { .name = "keep-failed",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (keep_failed),
    .help = "Keep what the steps of a recipe leave when one fails" },
  { .name = "verify",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (verify),
    .excludes = "no-lock",
    .help = "Build again in an empty store, and compare: exit code 4 when it is another image" },
  { .name = "verify-compile",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (verify_compile),
    .excludes = "no-lock",
    .help = "Compile again with other JOBS, and compare what recipes made: exit code 4" },
  { .name = "record",
    .kind = TERRANE_OPTION_FILE,
    .target = OPTION (record),
    .metavar = "FILE",
    .check = terrane_record_file_check,
    .help = "Write what was built, checked and pushed as JSON" },
  { .name = "debug-output",
    .kind = TERRANE_OPTION_DIRECTORY,
    .target = OPTION (debug_output),
    .metavar = "DIR",
    .help = "Write what ‘strip’ with \"debug\": \"separate\" took out" },
  { .name = "junit",
    .kind = TERRANE_OPTION_FILE,
    .target = OPTION (junit),
    .metavar = "FILE",
    .help = "Write the results of the validation as JUnit XML" },
  { .name = "jobs",
    .letter = 'j',
    .kind = TERRANE_OPTION_COUNT,
    .target = OPTION (jobs),
    .metavar = "N",
    .min = 1,
    .max = MAX_JOBS,
    .help = "Threads (default: one for each processor)" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup build_groups[] = {
  { .rows = build_options },
  { .rows = terrane_push_options,
    .offset = OPTION (push_options),
    .needs = "push",
    .title = "Pushing" },
  { .rows = build_lock_options, .title = "Lock and sources" },
  { .rows = terrane_mirror_options, .offset = OPTION (source_mirror) },
  { .rows = terrane_remote_options, .offset = OPTION (remote), .title = "Registries" },
  { .rows = terrane_sandbox_options,
    .offset = OPTION (sandbox),
    .title = "Validation and results" },
  { .rows = build_result_options },
  { .rows = NULL },
};

const TerraneCommand terrane_command_build = {
  .name = "build",
  .arguments = "PROFILE…",
  .summary = "Build the image of a profile: assemble, check, validate",
  .description =
      "The image gets the name NAME:latest in the store, where NAME is the profile's. The lock, "
      "PROFILE.lock.json, is used, and written when it lacks something. With several profiles, one "
      "failure does not stop the rest; lock and schema files are ignored. The image is the same "
      "for any number of threads.\nDESTINATION of --output is oci:DIR[:TAG], "
      "oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG], and for functions without an image "
      "lambda-layer:FILE[,trees=TREE,…][,split=auto|SIZE] or lambda-zip:FILE[,trees=TREE,…]; of "
      "--push it is docker://HOST/REPOSITORY[:TAG].",
  .examples = "build profile.json\n"
              "build --locked --record record.json --push profile.json",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_PROFILE },
  .options = build_groups,
  .size = sizeof (TerraneBuildArguments),
  .run = run_build,
};
