/* terrane plan */
#include "builder/build-plan-index.h"
#include "builder/build-plan.h"
#include "builder/cli/build-explain.h"
#include "builder/cli/build-run.h"
#include "builder/cli/cache-key.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/reference.h"
#include "builder/cli/table.h"
#include "builder/cli/workbench.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_JOBS = 1024,
  SHORT_DIGEST = 7 + 12,
};

typedef struct
{
  char *push;            /* (nullable): a destination, or "" for that of the profile */
  char *platform;        /* (nullable): one, or several with commas, or "all" */
  char **update_lock;    /* (nullable): names, several in one with commas; "" for all */
  GPtrArray *cache_from; /* (nullable): of OciReference */
  unsigned jobs;         /* 0: one for each processor */
  gboolean locked;
  gboolean no_lock;
  gboolean no_validate;
  TerraneSandboxKind sandbox;
  TerraneRemoteArguments remote;
  TerranePushArguments push_options;
} PlanOptions;

/* The data that all platforms share. */
typedef struct
{
  const PlanOptions *options;
  TerraneWorkbench bench;
  TerraneRemote *local;     /* offline */
  char **update_names;      /* (nullable): of --update-lock; NULL for all */
  const char *cache_secret; /* (nullable) */
} Planner;

static void
planner_clear (Planner *self)
{
  g_clear_pointer (&self->local, terrane_remote_free);
  terrane_workbench_close (&self->bench);
  g_strfreev (self->update_names);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Planner, planner_clear)

/* Returns: (transfer full) (nullable): the destinations of the image */
static char **
list_pushes (const PlanOptions *options, const TerraneProfile *profile, GError **error)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  if (options->push != NULL && options->push[0] != '\0')
    {
      char *text = terrane_command_expand (profile, "--push", options->push, error);
      if (text == NULL)
        return NULL;
      g_ptr_array_add (texts, text);
    }
  else if (options->push != NULL && profile->push.repository == NULL)
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "%s: --push without a destination is about where the profile pushes, and it has "
                 "no ‘push’",
                 profile->path);
      return NULL;
    }
  else if (options->push != NULL)
    for (char **tag = profile->push.tags; *tag != NULL; tag++)
      g_ptr_array_add (
          texts, g_strconcat (OCI_REFERENCE_SCHEME, profile->push.repository, ":", *tag, NULL));
  for (guint i = 0; i < texts->len; i++)
    {
      g_autofree char *sample = terrane_profile_expand_lock (texts->pdata[i], "0123456789ab");
      g_autoptr (OciReference) reference =
          terrane_reference_parse_push (sample, options->push_options.create_repository, error);
      if (reference == NULL)
        {
          g_prefix_error (error, "plan: --push: ");
          return NULL;
        }
    }
  g_ptr_array_add (texts, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&texts), FALSE);
}

/* In the store the tag of each platform is its processor, as in a build of several platforms. */
static json_t *
plan_platform (const Planner *self, const char *path, const char *platform, gboolean several,
               GError **error)
{
  const PlanOptions *options = self->options;
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile (path, platform, error);
  g_auto (GStrv) pushes =
      profile != NULL && terrane_build_check_update_names (profile, self->update_names, error)
          ? list_pushes (options, profile, error)
          : NULL;
  if (pushes == NULL)
    return NULL;
  const TerraneBuildPlanOptions plan_options = {
    .jobs = self->bench.jobs,
    .validate = !options->no_validate,
    .sandbox = options->sandbox,
    .lock = { .require = options->locked,
              .ignore = options->no_lock,
              .update = options->update_lock != NULL,
              .update_names = (const char *const *) self->update_names },
    .tag = several ? profile->platform.architecture : NULL,
    .local = self->local,
    .remote = self->bench.remote,
    .cache = { .from = options->cache_from, .secret = self->cache_secret },
    .mount_from = options->push_options.mount_from,
    .progress = self->bench.progress,
  };
  json_t *plan = terrane_build_plan (self->bench.store, profile, &plan_options, pushes, error);
  if (plan != NULL)
    oci_json_set_text (plan, "profile", path);
  return plan;
}

static const char *
text_of (const json_t *row, const char *member)
{
  return terrane_build_explain_text (row, member);
}

/* "12.3 MB", "12.3 MB + ?" with files of unknown size, "12.3 MB?" if it may be spared, "" for
 * nothing. */
static char *
fetch_text (const json_t *row)
{
  const json_t *fetch = json_object_get (row, "fetch");
  json_int_t bytes = json_integer_value (json_object_get (fetch, "bytes"));
  json_int_t unknown = json_integer_value (json_object_get (fetch, "unknown"));
  g_autofree char *size = oci_format_size ((uint64_t) bytes);
  if (fetch == NULL)
    return g_strdup ("");
  if (unknown == 0 && json_is_false (json_object_get (fetch, "certain")))
    return g_strconcat (size, "?", NULL);
  if (unknown == 0)
    return g_steal_pointer (&size);
  return bytes > 0 ? g_strconcat (size, " + ?", NULL) : g_strdup ("?");
}

/* Returns the size in the last build of what is made. */
static char *
size_text (const json_t *row)
{
  json_int_t size = json_integer_value (json_object_get (row, "size"));
  json_int_t estimate = json_integer_value (json_object_get (row, "estimate"));
  g_autofree char *text = oci_format_size ((uint64_t) (size > 0 ? size : estimate));
  return size > 0       ? g_steal_pointer (&text)
         : estimate > 0 ? g_strconcat ("~", text, NULL)
                        : g_strdup ("");
}

/* Layers and blobs of a push have the same order. */
static const json_t *
find_blob (const json_t *plan, guint layer)
{
  const json_t *push = json_array_get (json_object_get (plan, "pushes"), 0);
  return json_array_get (json_object_get (push, "blobs"), layer);
}

static void
add_row (TerraneTable *table, const json_t *step, const json_t *blob)
{
  const json_t *reasons = json_object_get (step, "reasons");
  gboolean certain = json_is_true (json_object_get (step, "certain"));
  g_autofree char *result = g_strconcat (text_of (step, "result"), certain ? "" : "?", NULL);
  g_autofree char *name = terrane_build_explain_name (step);
  g_autofree char *fetch = fetch_text (step), *size = size_text (step);
  gboolean open = json_is_false (json_object_get (blob, "certain"));
  g_autofree char *push = g_strconcat (text_of (blob, "result"), open ? "?" : "", NULL);
  for (size_t i = 0; i == 0 || i < json_array_size (reasons); i++)
    {
      const char *reason = json_string_value (json_array_get (reasons, i));
      const char *const first[] = { text_of (step, "step"),      name, result, fetch, size, push,
                                    reason != NULL ? reason : "" };
      const char *const more[] = { "", "", "", "", "", "", reason != NULL ? reason : "" };
      terrane_table_add (table, i == 0 ? first : more);
    }
}

static void
print_steps (const json_t *plan)
{
  static const char *const headings[] = { "STEP",  "NAME", "RESULT", ">FETCH",
                                          ">SIZE", "PUSH", "WHY",    NULL };
  g_autoptr (TerraneTable) table = terrane_table_new (headings);
  guint layers = 0;
  size_t i;
  json_t *step;
  json_array_foreach (json_object_get (plan, "steps"), i, step)
  {
    gboolean is_layer = strcmp (text_of (step, "step"), "layer") == 0;
    add_row (table, step, is_layer ? find_blob (plan, layers++) : NULL);
  }
  terrane_table_print (table);
}

/* "docker://h/r:tag: uploads 2 of 5 layers (12.3 MB and what is made), mounts 1, and uploads the
 * configuration and the manifest" */
static void
print_push (const json_t *push)
{
  guint uploads = 0, mounts = 0, unknown = 0;
  uint64_t bytes = 0;
  size_t i;
  json_t *blob;
  const json_t *blobs = json_object_get (push, "blobs");
  gboolean open = json_is_false (json_object_get (push, "certain"));
  if (json_is_true (json_object_get (push, "unchanged")))
    {
      terrane_print ("%s is this image already: nothing is sent\n", text_of (push, "destination"));
      return;
    }
  json_array_foreach ((json_t *) blobs, i, blob)
  {
    const char *result = text_of (blob, "result");
    json_int_t size = json_integer_value (json_object_get (blob, "size"));
    open = open || json_is_false (json_object_get (blob, "certain"));
    mounts += strcmp (result, "mounted") == 0;
    if (strcmp (result, "uploaded") != 0)
      continue;
    uploads++;
    unknown += size == 0;
    bytes += (uint64_t) size;
  }
  g_autofree char *known = oci_format_size (bytes);
  g_autofree char *size = unknown == 0 ? g_strdup (known)
                          : bytes > 0  ? g_strconcat (known, " and what is made", NULL)
                                       : g_strdup ("what is made");
  g_autofree char *mounted = mounts > 0 ? g_strdup_printf (", mounts %u", mounts) : g_strdup ("");
  terrane_print ("%s: the push uploads %u of %zu layers%s%s%s%s, the configuration and the "
                 "manifest%s\n",
                 text_of (push, "destination"), uploads, json_array_size (blobs),
                 uploads > 0 ? " (" : "", uploads > 0 ? size : "", uploads > 0 ? ")" : "", mounted,
                 open ? " (?: it may have some of this already, or refuse mounts)" : "");
}

static void
print_plan (const json_t *plan)
{
  size_t i;
  json_t *row;
  terrane_print ("%s for %s", text_of (plan, "name"), text_of (plan, "platform"));
  if (json_object_get (plan, "since") != NULL)
    terrane_print (", compared with the build of %.*s", SHORT_DIGEST, text_of (plan, "since"));
  terrane_print ("\n");
  json_array_foreach (json_object_get (plan, "lock"), i, row)
      terrane_print ("the lock would be changed: %s\n", json_string_value (row));
  json_array_foreach (json_object_get (plan, "unknowns"), i, row)
      terrane_print ("not known (?): %s: %s\n", text_of (row, "name"), text_of (row, "text"));
  terrane_build_explain_print_shared (plan);
  print_steps (plan);
  json_array_foreach (json_object_get (plan, "pushes"), i, row) print_push (row);
  if (json_object_get (plan, "digest") != NULL)
    terrane_print ("%s\n", text_of (plan, "digest"));
}

static void
print_plans (const json_t *document)
{
  size_t i;
  json_t *plan;
  json_array_foreach (json_object_get (document, "plans"), i, plan)
  {
    if (i > 0)
      terrane_print ("\n");
    print_plan (plan);
  }
}

static gboolean
open_planner (Planner *self, TerraneGlobal *global, GError **error)
{
  const PlanOptions *options = self->options;
  if (!terrane_build_split_names ("plan", options->update_lock, &self->update_names, error)
      || (options->cache_from != NULL && !terrane_cache_key_find (&self->cache_secret, error))
      || !terrane_workbench_open (global, &options->remote, 0, &self->bench, error))
    return FALSE;
  terrane_workbench_set_jobs (&self->bench, options->jobs);
  const TerraneRemoteOptions remote = { .offline = TRUE,
                                        .jobs = TERRANE_REMOTE_JOBS,
                                        .progress = self->bench.progress };
  self->local = terrane_remote_new (self->bench.store, &remote);
  return TRUE;
}

static gboolean
run_plan (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  g_auto (Planner) self = { .options = data };
  g_auto (GStrv) platforms = NULL;
  g_autoptr (OciJsonValue) document = json_object ();
  json_t *plans = json_array ();
  oci_json_set (document, "plans", plans);
  if (!open_planner (&self, global, error)
      || !terrane_command_list_platforms (self.options->platform, arguments[0], &platforms, error))
    return FALSE;
  gboolean several = platforms != NULL && platforms[0] != NULL && platforms[1] != NULL;
  for (guint i = 0; i == 0 || (platforms != NULL && platforms[i] != NULL); i++)
    {
      json_t *plan = plan_platform (&self, arguments[0], platforms != NULL ? platforms[i] : NULL,
                                    several, error);
      if (plan == NULL)
        return FALSE;
      oci_json_append (plans, plan);
    }
  if (!terrane_build_plan_unite (self.bench.store, self.bench.remote, plans, error))
    return FALSE;
  terrane_workbench_show (&self.bench, document, print_plans);
  return TRUE;
}

/* The word after --push is often a profile. */
static gboolean
is_destination (const char *word)
{
  return word[0] != '-' && !g_str_has_suffix (word, ".json");
}

#define OPTION(member) offsetof (PlanOptions, member)

static const TerraneOption plan_options[] = {
  { .name = "push",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (push),
    .metavar = "DESTINATION",
    .takes = is_destination,
    .help = "Also what a push there would send; alone: where the profile says" },
  TERRANE_OPTION_END,
};

static const TerraneOption plan_lock_options[] = {
  { .name = "locked",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (locked),
    .excludes = "update-lock no-lock",
    .help = "As of a build that refuses a lock that does not match: exit code 4" },
  { .name = "update-lock",
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (update_lock),
    .metavar = "NAME,…",
    .takes = terrane_option_takes_none,
    .excludes = "locked no-lock",
    .help = "As of a build that resolves all sources again, or ‘base’ and trees by name" },
  { .name = "no-lock",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (no_lock),
    .excludes = "locked update-lock",
    .help = "As of a build without a lock" },
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
    .help = "Also what this image or repository of results spares" },
  { .name = "no-validate",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (no_validate),
    .help = "As of a build that does not run the profile's imports and scripts" },
  { .name = "jobs",
    .letter = 'j',
    .kind = TERRANE_OPTION_COUNT,
    .target = OPTION (jobs),
    .metavar = "N",
    .min = 1,
    .max = MAX_JOBS,
    .help = "Threads that read local sources (default: one for each processor)" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup plan_groups[] = {
  { .rows = plan_options },
  { .rows = terrane_push_options,
    .offset = OPTION (push_options),
    .needs = "push",
    .title = "Pushing" },
  { .rows = plan_lock_options, .title = "Lock and sources" },
  { .rows = terrane_remote_options, .offset = OPTION (remote), .title = "Registries" },
  { .rows = terrane_sandbox_options, .offset = OPTION (sandbox), .title = "Validation" },
  { .rows = NULL },
};

const TerraneCommand terrane_command_plan = {
  .name = "plan",
  .arguments = "PROFILE",
  .summary = "Say what a build and a push would do, and why; nothing is done",
  .description =
      "For each tree and layer: whether it is reused, made or fetched, and with --push whether it "
      "is there, mounted or uploaded. Nothing is compiled, no lock is written, and of what "
      "--cache-from has only documents are downloaded; other registries are only asked what they "
      "have. Local sources of less than 256 MiB are read to see what is in them; what only a build "
      "finds out is marked with ‘?’.",
  .examples = "plan profile.json\n"
              "plan --locked --push profile.json",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_PROFILE },
  .options = plan_groups,
  .size = sizeof (PlanOptions),
  .run = run_plan,
};
