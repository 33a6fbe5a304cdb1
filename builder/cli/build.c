/* terrane build */
#include "builder/build.h"
#include "builder/cli/build-report.h"
#include "builder/cli/destination.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/record-file.h"
#include "builder/cli/reference.h"
#include "builder/cli/validation-report.h"
#include "builder/cli/workbench.h"
#include "builder/cli/zip-output.h"
#include "builder/error.h"
#include "builder/image/debug-files.h"
#include "builder/validation/probes.h"

#include "oci/base/suggest.h"
#include "oci/base/text-hash.h"
#include "oci/digest.h"

#include <string.h>

enum
{
  MAX_JOBS = 1024,
};

typedef struct
{
  char *push;            /* (nullable): a destination, or "": where the profile says */
  char *record;          /* (nullable) */
  char *junit;           /* (nullable) */
  char *platform;        /* (nullable) */
  char *debug_output;    /* (nullable): a directory */
  char **outputs;        /* (nullable) */
  char **update_lock;    /* (nullable): names, several in one with commas; "" for all */
  GPtrArray *cache_from; /* (nullable): of OciReference */
  unsigned jobs;         /* 0: one for each processor */
  gboolean no_validate;
  TerraneSandboxKind sandbox;
  gboolean locked;
  gboolean no_lock;
  TerraneRemoteArguments remote;
  TerranePushArguments push_options;
} BuildOptions;

/* The values of options that depend on the arguments. */
typedef struct
{
  OciReference *destination; /* (nullable) */
  char **update_names;       /* (nullable): NULL for all */
} Request;

static void
request_clear (Request *self)
{
  oci_reference_free (self->destination);
  g_strfreev (self->update_names);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Request, request_clear)

static gboolean
split_names (const BuildOptions *options, char ***out_names, GError **error)
{
  if (options->update_lock == NULL)
    return TRUE;
  g_autofree char *all = g_strjoinv (",", options->update_lock);
  g_auto (GStrv) names = g_strsplit (all, ",", -1);
  if (names[0] == NULL) /* without a name: everything */
    return TRUE;
  if (g_strv_contains ((const char *const *) names, ""))
    return oci_throw (error, OCI_ERROR_USAGE, "build: --update-lock=%s: a name is empty", all);
  *out_names = g_steal_pointer (&names);
  return TRUE;
}

/* "--update-lock NAME" would update everything, and take NAME for a profile. */
static gboolean
check_update_argument (const BuildOptions *options, char **profiles, GError **error)
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

/* What only makes sense for one image. */
static gboolean
check_several (const BuildOptions *options, const OciReference *destination, guint n,
               GError **error)
{
  const char *option = n < 2                           ? NULL
                       : options->outputs != NULL      ? "--output"
                       : options->record != NULL       ? "--record"
                       : options->junit != NULL        ? "--junit"
                       : options->debug_output != NULL ? "--debug-output"
                       : destination != NULL           ? "--push with a destination"
                                                       : NULL;
  return option == NULL
         || oci_throw (
             error, OCI_ERROR_USAGE, "build: %s is about one profile, and there are %u%s", option,
             n, destination != NULL ? "; --push alone pushes each where its profile says" : "");
}

/* Before anything is built: a typing error must not cost minutes. */
static gboolean
make_request (const BuildOptions *options, char **profiles, Request *out, GError **error)
{
  if (options->push != NULL && options->push[0] != '\0')
    {
      OCI_PREFIX (error, "build: --push");
      out->destination = terrane_reference_parse_push (
          options->push, options->push_options.create_repository, error);
      if (out->destination == NULL)
        return FALSE;
    }
  return check_update_argument (options, profiles, error)
         && split_names (options, &out->update_names, error)
         && check_several (options, out->destination, g_strv_length (profiles), error);
}

/* Everything that several profiles share. */
typedef struct
{
  const BuildOptions *options;
  const Request *request;
  const TerraneWorkbench *bench;
  GHashTable *names; /* of the profiles so far: a set */
} Session;

static unsigned
count_jobs (const Session *self)
{
  return self->options->jobs > 0 ? self->options->jobs : self->bench->jobs;
}

static gboolean
check_push (const TerraneProfile *profile, const Session *session, GError **error)
{
  return session->options->push == NULL || session->request->destination != NULL
         || profile->push.repository != NULL
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s: --push without a destination pushes where the profile says, and it has "
                       "no ‘push’",
                       profile->path);
}

static gboolean
check_debug_output (const TerraneProfile *profile, const BuildOptions *options, GError **error)
{
  gboolean separate = options->debug_output == NULL;
  for (guint i = 0; i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      separate = separate || spec->transforms->strip == TERRANE_STRIP_SEPARATE;
    }
  return separate
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s: --debug-output is for what \"strip\": {\"debug\": \"separate\"} takes "
                       "out, and no tree has that among its transforms",
                       profile->path);
}

/* "docker://REPOSITORY:TAG" of each tag that the profile gives. */
static gboolean
list_destinations (const Session *session, const TerraneProfile *profile, const TerraneBuild *build,
                   GPtrArray *destinations, GError **error)
{
  const OciReference *destination = session->request->destination;
  if (destination != NULL)
    g_ptr_array_add (destinations, oci_reference_copy (destination));
  if (session->options->push == NULL || destination != NULL)
    return TRUE;
  const TerranePushSpec *push = &build->texts.push;
  for (char **tag = push->tags; *tag != NULL; tag++)
    {
      g_autofree char *text = g_strconcat (OCI_REFERENCE_SCHEME, push->repository, ":", *tag, NULL);
      OciReference *reference = terrane_reference_parse_push (
          text, session->options->push_options.create_repository, error);
      if (reference == NULL)
        {
          g_prefix_error (error, "%s: push: ", profile->path);
          return FALSE;
        }
      g_ptr_array_add (destinations, reference);
    }
  return TRUE;
}

/* Layers that --cache-from found stay in their registry when the image goes there anyway. */
static gboolean
deliver (const Session *session, const TerraneProfile *profile, const TerraneBuild *build,
         const GPtrArray *zips, json_t *record, GError **error)
{
  const BuildOptions *options = session->options;
  TerraneRemote *remote = session->bench->remote;
  OciLayout *layout = terrane_store_layout (terrane_remote_store (remote));
  const OciDescriptor *manifest = build->image->manifest;
  g_autoptr (GPtrArray) destinations =
      g_ptr_array_new_with_free_func ((GDestroyNotify) oci_reference_free);
  if (!list_destinations (session, profile, build, destinations, error))
    return FALSE;
  gboolean local = destinations->len == 0 || options->outputs != NULL;
  if (local && !terrane_remote_complete (remote, manifest, error))
    return FALSE;
  if (options->debug_output != NULL
      && !terrane_debug_files_write (terrane_remote_store (remote), build->debug,
                                     options->debug_output, error))
    return FALSE;
  if (!terrane_zip_output_write (build, profile, zips, session->bench, count_jobs (session), record,
                                 error))
    return FALSE;
  for (char **output = options->outputs; output != NULL && *output != NULL; output++)
    if (!terrane_zip_request_knows (*output)
        && !terrane_destination_output (layout, manifest, build->name, *output, error))
      return FALSE;
  if (destinations->len == 0)
    return TRUE;
  json_t *pushes = json_array ();
  oci_json_set (record, "pushes", pushes);
  for (guint i = 0; i < destinations->len; i++)
    {
      g_autoptr (OciJsonValue) report = NULL;
      if (!terrane_destination_push (remote, layout, manifest, destinations->pdata[i],
                                     &options->push_options, &report, error))
        return FALSE;
      if (i == 0)
        oci_json_set (record, "push", json_incref (report));
      oci_json_append (pushes, json_incref (report));
    }
  return TRUE;
}

/* A source that is named to be updated must be there. */
static gboolean
check_update_names (const TerraneProfile *profile, char **names, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  g_ptr_array_add (known, (gpointer) "base");
  for (guint i = 0; i < profile->trees->len; i++)
    g_ptr_array_add (known, ((TerraneSourceSpec *) profile->trees->pdata[i])->name);
  g_ptr_array_add (known, NULL);
  const char *const *words = (const char *const *) known->pdata;
  for (char **name = names; name != NULL && *name != NULL; name++)
    if (!g_strv_contains (words, *name))
      {
        g_autofree char *quoted = oci_quote (*name);
        g_autofree char *hint = oci_did_you_mean (*name, words);
        return oci_throw (error, OCI_ERROR_USAGE, "%s: --update-lock=%s: there is no such tree%s",
                          profile->path, quoted, hint);
      }
  return TRUE;
}

/* Two profiles of one name would leave the image of the last one. */
static gboolean
check_name (const Session *self, const TerraneProfile *profile, GError **error)
{
  return g_hash_table_add (self->names, g_strdup (profile->name))
         || oci_throw (error, OCI_ERROR_USAGE, "%s: another profile is called ‘%s’ too",
                       profile->path, profile->name);
}

static TerraneBuildOptions
make_options (const Session *self)
{
  const BuildOptions *options = self->options;
  return (TerraneBuildOptions){
    .jobs = count_jobs (self),
    .validate = !options->no_validate,
    .sandbox = options->sandbox,
    .lock = { .require = options->locked,
              .ignore = options->no_lock,
              .update = options->update_lock != NULL,
              .update_names = (const char *const *) self->request->update_names },
    .remote = self->bench->remote,
    .cache_from = options->cache_from,
    .progress = self->bench->progress,
  };
}

/* Of an image that was not made, since the checks failed. */
static json_t *
failed_record (const TerraneProfile *profile, json_t *findings)
{
  json_t *record = json_object ();
  g_autofree char *platform = oci_platform_text (&profile->platform);
  oci_json_set (record, "version", json_integer (1));
  oci_json_set_text (record, "name", profile->name);
  oci_json_set_text (record, "platform", platform);
  oci_json_set (record, "findings", json_incref (findings));
  oci_json_set (record, "passed", json_false ());
  return record;
}

/* @out_record: (nullable): also of an image that failed its checks or its validation: it says what
 * failed. */
static gboolean
build_one (const Session *self, const char *path, TerraneBuild **out_build, json_t **out_record,
           GError **error)
{
  const BuildOptions *arguments = self->options;
  g_autoptr (OciJsonValue) failed = NULL;
  TerraneBuildOptions options = make_options (self);
  options.out_failed = &failed;
  g_autoptr (TerraneProfile) profile =
      terrane_command_load_profile (path, arguments->platform, error);
  g_autoptr (GPtrArray) zips =
      profile != NULL ? terrane_zip_output_requests (arguments->outputs, profile, error) : NULL;
  if (zips == NULL || !check_update_names (profile, self->request->update_names, error)
      || !check_push (profile, self, error) || !check_debug_output (profile, arguments, error)
      || !check_name (self, profile, error))
    return FALSE;
  if (!arguments->no_validate
      && !terrane_probes_check (profile, arguments->sandbox, TERRANE_NETWORK_NONE, error))
    return FALSE;
  gboolean ok = terrane_build (self->bench->store, profile, &options, out_build, error);
  if (*out_build == NULL && failed != NULL)
    *out_record = failed_record (profile, failed);
  if (*out_build == NULL)
    return FALSE;
  *out_record = terrane_build_record (*out_build, profile);
  if (arguments->junit != NULL && (*out_build)->validation != NULL
      && !terrane_validation_report_write_junit (arguments->junit, profile->name,
                                                 (*out_build)->validation, ok ? error : NULL))
    return FALSE;
  if (ok)
    ok = deliver (self, profile, *out_build, zips, *out_record, error);
  terrane_terminal_finish_phase (self->bench->terminal);
  oci_json_set (*out_record, "passed", json_boolean (ok));
  return (arguments->record == NULL
          || terrane_record_file_write (arguments->record, *out_record, ok ? error : NULL))
         && ok;
}

static gboolean
build_single (const Session *self, const char *path, GError **error)
{
  g_autoptr (TerraneBuild) build = NULL;
  g_autoptr (OciJsonValue) record = NULL;
  gboolean ok = build_one (self, path, &build, &record, error);
  if (record == NULL)
    return FALSE;
  if (self->bench->global->output.json)
    terrane_print_json (record);
  else if (ok)
    terrane_build_report_print (build, path, record);
  return ok;
}

/* Several failures are one: with their exit code if they agree on it. An interrupt stays one. */
static void
merge_failure (GError **failure, GError *error)
{
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
    g_clear_error (failure);
  if (*failure != NULL && terrane_exit_code (*failure) != terrane_exit_code (error))
    {
      (*failure)->domain = OCI_ERROR;
      (*failure)->code = OCI_ERROR_IO;
    }
  if (*failure == NULL)
    *failure = g_error_copy (error);
}

static json_t *
build_row (const Session *self, const char *path, GError **failure)
{
  g_autoptr (TerraneBuild) build = NULL;
  g_autoptr (GError) local = NULL;
  json_t *record = NULL;
  gboolean ok = build_one (self, path, &build, &record, &local);
  json_t *row = json_object ();
  oci_json_set (row, "profile", oci_json_text (path));
  oci_json_set (row, "passed", json_boolean (ok));
  if (record != NULL)
    oci_json_set (row, "record", record);
  if (local != NULL)
    {
      terrane_terminal_finish_phase (self->bench->terminal);
      terrane_print_error (local->message);
      oci_json_set (row, "error", terrane_error_to_json (local));
      merge_failure (failure, local);
    }
  return row;
}

static gboolean
build_several (const Session *self, char **paths, GError **error)
{
  g_autoptr (OciJsonValue) rows = json_array ();
  g_autoptr (GError) failure = NULL;
  guint failed = 0;
  for (char **path = paths; *path != NULL; path++)
    {
      json_t *row = build_row (self, *path, &failure);
      oci_json_append (rows, row);
      failed += !json_is_true (json_object_get (row, "passed"));
      if (g_error_matches (failure, OCI_ERROR, OCI_ERROR_CANCELLED))
        break;
    }
  if (self->bench->global->output.json)
    {
      g_autoptr (OciJsonValue) report = json_object ();
      oci_json_set (report, "builds", json_incref (rows));
      terrane_print_json (report);
    }
  else
    terrane_build_report_print_summary (rows);
  if (failure == NULL)
    return TRUE;
  g_set_error (error, failure->domain, failure->code, "%u of %zu profiles failed", failed,
               json_array_size (rows));
  return FALSE;
}

static gboolean
run_build (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const BuildOptions *options = data;
  g_auto (Request) request = { 0 };
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (GStrv) profiles = terrane_command_select_profiles (arguments, "build", error);
  if (profiles == NULL || !make_request (options, profiles, &request, error)
      || !terrane_workbench_open (global, &options->remote,
                                  MIN (options->jobs, (unsigned) TERRANE_REMOTE_MAX_JOBS), &bench,
                                  error))
    return FALSE;
  terrane_sandbox_warn (options->sandbox);
  g_autoptr (GHashTable) names = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  const Session session = {
    .options = options,
    .request = &request,
    .bench = &bench,
    .names = names,
  };
  return profiles[1] == NULL ? build_single (&session, profiles[0], error)
                             : build_several (&session, profiles, error);
}

/* After --push alone there is often a profile. */
static gboolean
is_destination (const char *word)
{
  return word[0] != '-' && !g_str_has_suffix (word, ".json");
}

#define OPTION(member) offsetof (BuildOptions, member)

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
    .help = "Push if all passed; alone: where the profile says" },
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
    .kind = TERRANE_OPTION_PLATFORM,
    .target = OPTION (platform),
    .metavar = "OS/ARCH",
    .help = "Instead of the profile's (first) platform" },
  { .name = "cache-from",
    .kind = TERRANE_OPTION_REFERENCE,
    .target = OPTION (cache_from),
    .metavar = "IMAGE",
    .help = "Do not make layers again that this image has" },
  TERRANE_OPTION_END,
};

static const TerraneOption build_result_options[] = {
  { .name = "no-validate",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (no_validate),
    .help = "Do not run the profile's imports and scripts" },
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
  { .rows = terrane_push_options, .offset = OPTION (push_options), .needs = "push" },
  { .rows = build_lock_options },
  { .rows = terrane_remote_options, .offset = OPTION (remote) },
  { .rows = terrane_sandbox_options, .offset = OPTION (sandbox) },
  { .rows = build_result_options },
  { .rows = NULL },
};

const TerraneCommand terrane_command_build = {
  .name = "build",
  .arguments = "PROFILE…",
  .summary = "Build the image of a profile: assemble, check, validate",
  .description =
      "The image lands in the store as NAME:latest, NAME being the profile's. DESTINATION is "
      "oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG], and for functions "
      "without an image lambda-layer:FILE[,trees=TREE,…][,split=auto|SIZE] or "
      "lambda-zip:FILE[,trees=TREE,…]; to push "
      "docker://HOST/REPOSITORY[:TAG], which an IMAGE to take layers from is, too. The lock, "
      "PROFILE.lock.json, is used, and written when it lacks something.\n"
      "Of several profiles a failing one does not stop the others; locks and schemas among the "
      "arguments are skipped. The image is the same for any number of threads.",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_PROFILE },
  .options = build_groups,
  .size = sizeof (BuildOptions),
  .run = run_build,
};
