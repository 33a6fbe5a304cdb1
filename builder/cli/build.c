/* terrane build */
#include "builder/build.h"
#include "builder/cli/build-report.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/remote-options.h"
#include "builder/cli/sandbox-options.h"
#include "builder/cli/transfer.h"
#include "builder/cli/validation-report.h"
#include "builder/error.h"
#include "builder/image/debug-files.h"
#include "builder/validation/probes.h"

#include "oci/base/temp-file.h"
#include "oci/digest.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static gboolean
write_record (const char *path, const json_t *record, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *text = oci_json_dump_pretty (record);
  OCI_PREFIX (error, "the record %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

typedef struct
{
  char *push; /* (nullable): a destination, or "": where the profile says */
  char *record;
  char *junit;
  char *platform;
  char *debug_output; /* (nullable): a directory */
  char **outputs;
  char **cache_from;
  char **update_lock; /* (nullable): names, several in one with commas; "" for all */
  int jobs;
  gboolean no_validate;
  char *sandbox;
  TerraneSandboxKind kind;
  gboolean locked;
  gboolean no_lock;
  TerraneRemoteArguments remote;
  TerranePushArguments push_options;

  /* From the texts above. */
  TerraneRemoteOptions remote_options;
  OciReference *destination;   /* (nullable) */
  GPtrArray *cache_references; /* (nullable): of OciReference */
  char **update_names;         /* (nullable): NULL for all */
} BuildArguments;

static void
build_arguments_clear (BuildArguments *self)
{
  g_free (self->push);
  g_free (self->record);
  g_free (self->junit);
  g_free (self->platform);
  g_free (self->sandbox);
  g_free (self->debug_output);
  g_strfreev (self->outputs);
  g_strfreev (self->cache_from);
  g_strfreev (self->update_lock);
  terrane_remote_arguments_clear (&self->remote);
  terrane_push_arguments_clear (&self->push_options);
  oci_reference_free (self->destination);
  g_clear_pointer (&self->cache_references, g_ptr_array_unref);
  g_strfreev (self->update_names);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BuildArguments, build_arguments_clear)

static gboolean
check_registries (const TerraneGlobal *global, BuildArguments *arguments, GError **error)
{
  const char *push = arguments->push;
  if (!terrane_remote_arguments_parse (&arguments->remote, global, "build",
                                       &arguments->remote_options, error))
    return FALSE;
  if (push == NULL
      && (arguments->push_options.mount_from != NULL || arguments->push_options.create_repository))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "build: --mount-from and --create-repository go with --push");
  if (push != NULL && push[0] != '\0'
      && (arguments->destination =
              terrane_remote_check_push (push, &arguments->push_options, error))
             == NULL)
    return FALSE;
  arguments->cache_references =
      g_ptr_array_new_with_free_func ((GDestroyNotify) oci_reference_free);
  for (char **image = arguments->cache_from; image != NULL && *image != NULL; image++)
    {
      OciReference *reference = terrane_transfer_parse_pull ("--cache-from", *image, error);
      if (reference == NULL)
        return FALSE;
      g_ptr_array_add (arguments->cache_references, reference);
    }
  return TRUE;
}

static gboolean
check_lock (BuildArguments *arguments, GError **error)
{
  if (arguments->locked + arguments->no_lock + (arguments->update_lock != NULL) > 1)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "build: --locked, --update-lock and --no-lock exclude each other");
  if (arguments->update_lock == NULL)
    return TRUE;
  g_autofree char *all = g_strjoinv (",", arguments->update_lock);
  g_auto (GStrv) names = g_strsplit (all, ",", -1);
  if (names[0] == NULL) /* without a name: everything */
    return TRUE;
  if (g_strv_contains ((const char *const *) names, ""))
    return oci_throw (error, OCI_ERROR_USAGE, "build: --update-lock=%s: a name is empty", all);
  arguments->update_names = g_steal_pointer (&names);
  return TRUE;
}

/* "--update-lock NAME" would update everything, and take NAME for a profile. */
static gboolean
check_update_argument (const BuildArguments *arguments, char **profiles, GError **error)
{
  for (char **path = profiles; arguments->update_lock != NULL && *path != NULL; path++)
    if (!g_str_has_suffix (*path, ".json") && !g_file_test (*path, G_FILE_TEST_IS_REGULAR))
      {
        g_autofree char *quoted = oci_quote (*path);
        return oci_throw (error, OCI_ERROR_USAGE,
                          "build: %s is no profile; the names of --update-lock are written "
                          "--update-lock=NAME",
                          quoted);
      }
  return TRUE;
}

/* What only makes sense for one image. */
static gboolean
check_several (const BuildArguments *arguments, guint n, GError **error)
{
  const char *option = n < 2                             ? NULL
                       : arguments->outputs != NULL      ? "--output"
                       : arguments->record != NULL       ? "--record"
                       : arguments->junit != NULL        ? "--junit"
                       : arguments->debug_output != NULL ? "--debug-output"
                       : arguments->destination != NULL  ? "--push with a destination"
                                                         : NULL;
  return option == NULL
         || oci_throw (error, OCI_ERROR_USAGE, "build: %s is about one profile, and there are %u%s",
                       option, n,
                       arguments->destination != NULL
                           ? "; --push alone pushes each where its profile says"
                           : "");
}

/* Destinations are parsed before anything is built: a typing error must not cost minutes. */
static gboolean
check_arguments (const TerraneGlobal *global, BuildArguments *arguments, guint n, GError **error)
{
  if (arguments->jobs < 0 || arguments->jobs > 1024)
    return oci_throw (error, OCI_ERROR_USAGE, "build: --jobs must be between 1 and 1024");
  g_autofree char *record_directory =
      arguments->record != NULL ? g_path_get_dirname (arguments->record) : NULL;
  if (record_directory != NULL && access (record_directory, W_OK | X_OK) < 0)
    return oci_throw_errno (error, "build: --record %s", arguments->record);
  for (char **output = arguments->outputs; output != NULL && *output != NULL; output++)
    if (!terrane_transfer_check_output (*output, error))
      return FALSE;
  return check_lock (arguments, error) && check_registries (global, arguments, error)
         && check_several (arguments, n, error);
}

static gboolean
check_push (const TerraneProfile *profile, const BuildArguments *arguments, GError **error)
{
  return arguments->push == NULL || arguments->destination != NULL
         || profile->push.repository != NULL
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s: --push without a destination pushes where the profile says, and it has "
                       "no ‘push’",
                       profile->path);
}

static gboolean
check_debug_output (const TerraneProfile *profile, const BuildArguments *arguments, GError **error)
{
  gboolean separate = arguments->debug_output == NULL;
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
list_destinations (const TerraneProfile *profile, const TerraneBuild *build,
                   const BuildArguments *arguments, GPtrArray *destinations, GError **error)
{
  if (arguments->destination != NULL)
    g_ptr_array_add (destinations, oci_reference_copy (arguments->destination));
  if (arguments->push == NULL || arguments->destination != NULL)
    return TRUE;
  const TerranePushSpec *push = &build->texts.push;
  for (char **tag = push->tags; *tag != NULL; tag++)
    {
      g_autofree char *text = g_strconcat (OCI_REFERENCE_SCHEME, push->repository, ":", *tag, NULL);
      OciReference *reference = terrane_remote_check_push (text, &arguments->push_options, error);
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
deliver (TerraneRemote *remote, const TerraneProfile *profile, const TerraneBuild *build,
         const BuildArguments *arguments, json_t *record, GError **error)
{
  OciLayout *layout = terrane_store_layout (terrane_remote_store (remote));
  const OciDescriptor *manifest = build->image->manifest;
  g_autoptr (GPtrArray) destinations =
      g_ptr_array_new_with_free_func ((GDestroyNotify) oci_reference_free);
  if (!list_destinations (profile, build, arguments, destinations, error))
    return FALSE;
  gboolean local = destinations->len == 0 || arguments->outputs != NULL;
  if (local && !terrane_remote_complete (remote, manifest, error))
    return FALSE;
  if (arguments->debug_output != NULL
      && !terrane_debug_files_write (terrane_remote_store (remote), build->debug,
                                     arguments->debug_output, error))
    return FALSE;
  for (char **output = arguments->outputs; output != NULL && *output != NULL; output++)
    if (!terrane_transfer_output (layout, manifest, build->name, *output, error))
      return FALSE;
  if (destinations->len == 0)
    return TRUE;
  json_t *pushes = json_array ();
  oci_json_set (record, "pushes", pushes);
  for (guint i = 0; i < destinations->len; i++)
    {
      g_autoptr (OciJsonValue) report = NULL;
      if (!terrane_transfer_push (remote, layout, manifest, destinations->pdata[i],
                                  &arguments->push_options, &report, error))
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
        const char *nearest = oci_nearest_word (*name, words);
        return oci_throw (error, OCI_ERROR_USAGE,
                          "%s: --update-lock=%s: there is no such tree%s%s%s", profile->path,
                          quoted, nearest != NULL ? ", did you mean ‘" : "",
                          nearest != NULL ? nearest : "", nearest != NULL ? "’?" : "");
      }
  return TRUE;
}

/* Everything that several profiles share. */
typedef struct
{
  TerraneGlobal *global;
  const BuildArguments *arguments;
  TerraneStore *store;
  TerraneRemote *remote;
  TerraneTerminal *terminal;
  GHashTable *names; /* of the profiles so far: a set */
} Session;

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
  const BuildArguments *arguments = self->arguments;
  return (TerraneBuildOptions){
    .jobs = arguments->jobs > 0 ? (unsigned) arguments->jobs : terrane_command_default_jobs (),
    .validate = !arguments->no_validate,
    .sandbox = arguments->kind,
    .lock = { .require = arguments->locked,
              .ignore = arguments->no_lock,
              .update = arguments->update_lock != NULL,
              .update_names = (const char *const *) arguments->update_names },
    .remote = self->remote,
    .cache_from = arguments->cache_references,
    .progress = terrane_terminal_progress (self->terminal),
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
  const BuildArguments *arguments = self->arguments;
  g_autoptr (OciJsonValue) failed = NULL;
  TerraneBuildOptions options = make_options (self);
  options.out_failed = &failed;
  g_autoptr (TerraneProfile) profile =
      terrane_command_load_profile (path, arguments->platform, error);
  if (profile == NULL || !check_update_names (profile, arguments->update_names, error)
      || !check_push (profile, arguments, error) || !check_debug_output (profile, arguments, error)
      || !check_name (self, profile, error))
    return FALSE;
  if (!arguments->no_validate && !terrane_probes_check (profile, arguments->kind, error))
    return FALSE;
  gboolean ok = terrane_build (self->store, profile, &options, out_build, error);
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
    ok = deliver (self->remote, profile, *out_build, arguments, *out_record, error);
  terrane_terminal_finish_phase (self->terminal);
  oci_json_set (*out_record, "passed", json_boolean (ok));
  return (arguments->record == NULL
          || write_record (arguments->record, *out_record, ok ? error : NULL))
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
  if (self->global->output.json)
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
      terrane_terminal_finish_phase (self->terminal);
      terrane_print_error (local->message);
      oci_json_set (row, "error", oci_json_text (local->message));
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
  if (self->global->output.json)
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
run_build (TerraneGlobal *global, char **paths, BuildArguments *arguments, GError **error)
{
  g_autoptr (TerraneStore) store = terrane_command_open_store (global, TERRANE_STORE_SHARED, error);
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  arguments->remote_options.jobs =
      arguments->jobs > 0 ? (unsigned) MIN (arguments->jobs, 64) : TERRANE_REMOTE_JOBS;
  arguments->remote_options.progress = terrane_terminal_progress (terminal);
  g_autoptr (TerraneRemote) remote = terrane_remote_new (store, &arguments->remote_options);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const Session session = {
    .names = names,
    .global = global,
    .arguments = arguments,
    .store = store,
    .remote = remote,
    .terminal = terminal,
  };
  return paths[1] == NULL ? build_single (&session, paths[0], error)
                          : build_several (&session, paths, error);
}

/* GOption would take the profile behind --push or --update-lock for the option's value: the empty
 * value stands for none. */
static void
mark_missing_values (int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    {
      const char *next = i + 1 < argc ? argv[i + 1] : "-";
      if (strcmp (argv[i], "--update-lock") == 0)
        argv[i] = (char *) "--update-lock=";
      else if (strcmp (argv[i], "--push") == 0
               && (next[0] == '-' || g_str_has_suffix (next, ".json")))
        argv[i] = (char *) "--push=";
    }
}

gboolean
terrane_command_build (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (BuildArguments) options = { 0 };
  g_auto (GStrv) arguments = NULL;
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME_ARRAY, &options.outputs,
      "Also write the image there, repeatable", "TRANSPORT:…" },
    { "push", 0, 0, G_OPTION_ARG_STRING, &options.push,
      "Push if all passed; alone: where the profile says", "[docker://…]" },
    TERRANE_PUSH_ENTRIES (options.push_options),
    { "locked", 0, 0, G_OPTION_ARG_NONE, &options.locked,
      "Refuse when the lock does not match: exit code 4", NULL },
    { "update-lock", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.update_lock,
      "Resolve all sources anew, or ‘base’ and trees by name", "[NAME,…]" },
    { "no-lock", 0, 0, G_OPTION_ARG_NONE, &options.no_lock, "Neither read nor write a lock", NULL },
    { "platform", 0, 0, G_OPTION_ARG_STRING, &options.platform,
      "Instead of the profile's (first) platform", "OS/ARCH" },
    { "cache-from", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.cache_from,
      "Do not make layers again that this image has, repeatable", "docker://HOST/REPO[:TAG]" },
    TERRANE_REMOTE_ENTRIES (options.remote),
    TERRANE_SANDBOX_ENTRY (options.sandbox),
    { "no-validate", 0, 0, G_OPTION_ARG_NONE, &options.no_validate,
      "Do not run the profile's imports and scripts", NULL },
    { "record", 0, 0, G_OPTION_ARG_FILENAME, &options.record,
      "Write what was built, checked and pushed as JSON", "FILE" },
    { "debug-output", 0, 0, G_OPTION_ARG_FILENAME, &options.debug_output,
      "Write what ‘strip’ with \"debug\": \"separate\" took out", "DIR" },
    { "junit", 0, 0, G_OPTION_ARG_FILENAME, &options.junit,
      "Write the results of the validation as JUnit XML", "FILE" },
    { "jobs", 'j', 0, G_OPTION_ARG_INT, &options.jobs, "Threads (default: one a processor)", "N" },
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "build",
    .entries = entries,
    .description =
        "The image lands in the store as NAME:latest, NAME being the profile's. TRANSPORT is\n"
        "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME:TAG].\n"
        "The lock, PROFILE.lock.json, is used, and written when it lacks something.\n"
        "Of several profiles a failing one does not stop the others; locks and schemas among the\n"
        "arguments are passed over. The image is the same for any number of threads.",
    .min = 1,
    .max = G_MAXUINT,
  };
  mark_missing_values (argc, argv);
  if (!terrane_command_parse (global, &line, argc, argv, &arguments, &help, error) || help)
    return help;
  g_auto (GStrv) profiles = terrane_command_select_profiles (arguments, "build", error);
  return profiles != NULL && terrane_sandbox_option (options.sandbox, "build", &options.kind, error)
         && check_update_argument (&options, profiles, error)
         && check_arguments (global, &options, g_strv_length (profiles), error)
         && run_build (global, profiles, &options, error);
}
