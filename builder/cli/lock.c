/* terrane lock */
#include "builder/cli/load-profile.h"
#include "builder/cli/workbench.h"
#include "builder/error.h"
#include "builder/resolve/resolve.h"

typedef struct
{
  gboolean check;
  gboolean new_layers;
  char *platform;      /* (nullable) */
  char *source_mirror; /* (nullable) */
  TerraneRemoteArguments remote;
} LockOptions;

static void
add_new (GPtrArray *list, const char *text)
{
  if (!g_ptr_array_find_with_equal_func (list, text, g_str_equal, NULL))
    g_ptr_array_add (list, g_strdup (text));
}

/* Returns the platforms of the profile, those that builds have added, and the requested one.
 * Platforms that the profile no longer has are removed from the lock. */
static GPtrArray *
list_platforms (const TerraneProfile *profile, TerraneLock *lock, const char *asked,
                GPtrArray *changes)
{
  GPtrArray *platforms = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) locked = terrane_lock_platforms (lock);
  for (char **platform = profile->platforms; *platform != NULL; platform++)
    add_new (platforms, *platform);
  for (char **platform = locked; *platform != NULL; platform++)
    if (!profile->only_platforms)
      add_new (platforms, *platform);
    else if (!g_strv_contains ((const char *const *) profile->platforms, *platform))
      {
        terrane_lock_remove_platform (lock, *platform);
        g_ptr_array_add (changes, g_strdup_printf ("%s: removed", *platform));
      }
  if (asked != NULL)
    add_new (platforms, asked);
  return platforms;
}

static gboolean
resolve_platform (const char *path, const char *platform, const TerraneResolveOptions *options,
                  GPtrArray *changes, GError **error)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile_to_lock (path, platform, error);
  g_autoptr (TerranePlan) plan =
      profile != NULL ? terrane_resolve (profile, options, NULL, lines, error) : NULL;
  if (plan == NULL)
    return FALSE;
  for (guint i = 0; i < lines->len; i++)
    g_ptr_array_add (changes, g_strdup_printf ("%s: %s", platform, (const char *) lines->pdata[i]));
  return TRUE;
}

static json_t *
report (const TerraneLock *lock, const GPtrArray *platforms, const GPtrArray *changes)
{
  json_t *object = json_object (), *digests = json_object (), *lines = json_array ();
  for (guint i = 0; i < platforms->len; i++)
    {
      OciDigestText text;
      OciDigest digest = terrane_lock_digest (lock, platforms->pdata[i]);
      oci_json_set (digests, platforms->pdata[i], oci_json_text (oci_digest_text (&digest, text)));
    }
  for (guint i = 0; i < changes->len; i++)
    oci_json_append (lines, oci_json_text (changes->pdata[i]));
  oci_json_set (object, "lock", oci_json_text (terrane_lock_file (lock)));
  oci_json_set (object, "platforms", digests);
  oci_json_set (object, "changes", lines);
  return object;
}

/* Differences of several platforms and profiles are reported together. */
static void
collect_stale (GError **stale, GError *error)
{
  if (*stale == NULL)
    {
      *stale = error;
      return;
    }
  g_autofree char *both = g_strconcat ((*stale)->message, "\n", error->message, NULL);
  g_free ((*stale)->message);
  (*stale)->message = g_steal_pointer (&both);
  g_error_free (error);
}

/* @stale: gets what --check finds; then NULL is returned and @error is not set */
static json_t *
lock_profile (const char *path, const LockOptions *arguments, TerraneResolveOptions *options,
              GError **stale, GError **error)
{
  gboolean failed = FALSE;
  g_autoptr (TerraneProfile) profile =
      terrane_command_load_profile_to_lock (path, arguments->platform, error);
  if (profile == NULL)
    return NULL;
  g_autofree char *lock_path = terrane_lock_path (path);
  g_autoptr (TerraneLock) lock = terrane_lock_load (lock_path, error);
  if (lock == NULL)
    return NULL;
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) platforms = list_platforms (profile, lock, arguments->platform, changes);
  options->lock = lock;
  for (guint i = 0; arguments->check && i < changes->len; i++)
    collect_stale (stale, g_error_new (TERRANE_ERROR, TERRANE_ERROR_STALE, "%s: %s", lock_path,
                                       (const char *) changes->pdata[i]));
  for (guint i = 0; i < platforms->len; i++)
    {
      g_autoptr (GError) local = NULL;
      if (resolve_platform (path, platforms->pdata[i], options, changes, &local))
        continue;
      failed = TRUE;
      if (!g_error_matches (local, TERRANE_ERROR, TERRANE_ERROR_STALE))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return NULL;
        }
      collect_stale (stale, g_steal_pointer (&local));
    }
  if (failed || (!arguments->check && !terrane_lock_save (lock, error)))
    return NULL;
  return report (lock, platforms, changes);
}

static void
print_report (const json_t *object, gboolean check)
{
  const json_t *changes = json_object_get (object, "changes");
  size_t i;
  json_t *line;
  json_array_foreach (changes, i, line) terrane_print ("%s\n", json_string_value (line));
  terrane_print ("%s%s\n", json_string_value (json_object_get (object, "lock")),
                 check                           ? "  (up to date)"
                 : json_array_size (changes) > 0 ? ""
                                                 : "  (unchanged)");
}

/* The result does not contain profiles that failed for another reason than --check. */
static gboolean
lock_profiles (const TerraneWorkbench *bench, char **paths, const LockOptions *arguments,
               json_t *reports, GError **error)
{
  g_autoptr (GError) stale = NULL;
  TerraneResolveOptions options = {
    .store = bench->store,
    .remote = bench->remote,
    .policy = { .require = arguments->check,
                .update = !arguments->check,
                .new_layers = arguments->new_layers },
    .jobs = bench->jobs,
    .progress = bench->progress,
  };
  for (char **path = paths; *path != NULL; path++)
    {
      g_autoptr (GError) local = NULL;
      json_t *object = lock_profile (*path, arguments, &options, &stale, &local);
      if (local != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (object != NULL)
        oci_json_append (reports, object);
    }
  if (stale == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&stale));
  return FALSE;
}

static gboolean
run_lock (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const LockOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (GStrv) profiles = terrane_command_select_profiles (arguments, "lock", error);
  if (profiles == NULL || !terrane_workbench_open (global, &options->remote, 0, &bench, error)
      || !terrane_workbench_use_mirror (&bench, options->source_mirror, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = json_object ();
  json_t *reports = json_array ();
  oci_json_set (document, "locks", reports);
  gboolean ok = lock_profiles (&bench, profiles, options, reports, error);
  terrane_terminal_finish_phase (bench.terminal);
  if (global->output.json && (ok || json_array_size (reports) > 0))
    terrane_print_json (document);
  size_t i;
  json_t *object;
  if (ok && !global->output.json)
    json_array_foreach (reports, i, object) print_report (object, options->check);
  return ok;
}

static const TerraneOption lock_options[] = {
  { .name = "check",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (LockOptions, check),
    .help = "Only say whether the lock is up to date: exit code 4 when not" },
  { .name = "new-layers",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (LockOptions, new_layers),
    .help = "Assign packages to layers again, regardless of the lock" },
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORM,
    .target = offsetof (LockOptions, platform),
    .metavar = "OS/ARCH",
    .help = "Also for this platform, such as linux/arm64" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_lock = {
  .name = "lock",
  .arguments = "PROFILE…",
  .summary = "Resolve every source of a profile and write the lock",
  .description =
      "PROFILE.lock.json says what every source of PROFILE.json was resolved to, for each of its "
      "platforms: digests of base images, the wheel of each requirement, digests of files. Builds "
      "use it. All sources are resolved again; terrane build --update-lock=NAME does it for some.",
  .examples = "lock profile.json\n"
              "lock --check profile.json",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_PROFILE },
  .options =
      (const TerraneOptionGroup[]){
          { .rows = lock_options },
          { .rows = terrane_mirror_options, .offset = offsetof (LockOptions, source_mirror) },
          { .rows = terrane_remote_options, .offset = offsetof (LockOptions, remote) },
          { .rows = NULL } },
  .size = sizeof (LockOptions),
  .run = run_lock,
};
