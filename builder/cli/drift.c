/* terrane drift */
#include "builder/drift/drift.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/table.h"
#include "builder/cli/workbench.h"
#include "builder/drift/advisory-service.h"
#include "builder/drift/markdown.h"
#include "builder/error.h"

#include "oci/base/date.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_DAYS = 3650,
};

typedef struct
{
  char *platform;    /* (nullable) */
  char **advisories; /* (nullable) */
  char *service;     /* (nullable) */
  char *end_of_life; /* (nullable) */
  char *today;       /* (nullable) */
  unsigned days;
  char **ignore; /* (nullable) */
  gboolean fixable;
  char *markdown; /* (nullable) */
  TerraneRemoteArguments remote;
} DriftOptions;

/* A profile for one platform, with its lock. */
typedef struct
{
  TerraneProfile *profile;
  TerraneLock *lock; /* borrowed */
} Part;

typedef struct
{
  GPtrArray *locks; /* of TerraneLock */
  GPtrArray *parts;
} Parts;

static void
part_free (gpointer data)
{
  Part *self = data;
  terrane_profile_free (self->profile);
  g_free (self);
}

static void
parts_clear (Parts *self)
{
  g_clear_pointer (&self->parts, g_ptr_array_unref);
  g_clear_pointer (&self->locks, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

static gboolean
add_part (Parts *self, const char *path, const char *platform, TerraneLock *lock, GError **error)
{
  TerraneProfile *profile = terrane_command_load_profile_to_lock (path, platform, error);
  if (profile == NULL)
    return FALSE;
  Part *part = g_new0 (Part, 1);
  part->profile = profile;
  part->lock = lock;
  g_ptr_array_add (self->parts, part);
  return TRUE;
}

/* The platforms of a profile are those in the lock that the profile allows, or the requested
 * one. */
static gboolean
add_profile (Parts *self, const char *path, const char *asked, GError **error)
{
  g_autoptr (TerraneProfile) profile = terrane_command_load_profile_to_lock (path, asked, error);
  g_autofree char *lock_path = terrane_lock_path (path);
  TerraneLock *lock = profile != NULL ? terrane_lock_load (lock_path, error) : NULL;
  if (lock == NULL)
    return FALSE;
  g_ptr_array_add (self->locks, lock);
  if (!terrane_lock_exists (lock))
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "drift: there is no %s to compare with; make it with: terrane lock %s",
                      lock_path, path);
  if (asked != NULL)
    return add_part (self, path, asked, lock, error);
  g_auto (GStrv) platforms = terrane_lock_platforms (lock);
  guint before = self->parts->len;
  for (char **platform = platforms; *platform != NULL; platform++)
    if ((!profile->only_platforms
         || g_strv_contains ((const char *const *) profile->platforms, *platform))
        && !add_part (self, path, *platform, lock, error))
      return FALSE;
  if (self->parts->len == before)
    return oci_throw (error, OCI_ERROR_NOT_FOUND,
                      "drift: %s has no platform of the profile; refresh it with: terrane lock %s",
                      lock_path, path);
  return TRUE;
}

static gboolean
add_profiles (Parts *self, char **paths, const char *platform, GError **error)
{
  self->locks = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_lock_free);
  self->parts = g_ptr_array_new_with_free_func (part_free);
  for (char **path = paths; *path != NULL; path++)
    if (!add_profile (self, *path, platform, error))
      return FALSE;
  return TRUE;
}

static char *
make_today (const DriftOptions *options)
{
  if (options->today != NULL)
    return g_strdup (options->today);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  return g_date_time_format (now, "%Y-%m-%d");
}

/* Returns: (transfer full) (nullable) */
static json_t *
ask (const TerraneWorkbench *bench, const DriftOptions *options, const Parts *parts, GError **error)
{
  g_autofree char *today = make_today (options);
  const TerraneDriftOptions drift_options = {
    .store = bench->store,
    .remote = bench->remote,
    .offline = bench->global->offline,
    .jobs = bench->jobs,
    .progress = bench->progress,
    .today = today,
    .days = options->days,
    .end_of_life = options->end_of_life,
    .advisories = (const char *const *) options->advisories,
    .service = options->service,
    .ignored = (const char *const *) options->ignore,
    .fixable = options->fixable,
  };
  g_autoptr (TerraneDrift) drift = terrane_drift_new (&drift_options, error);
  for (guint i = 0; drift != NULL && i < parts->parts->len; i++)
    {
      const Part *part = parts->parts->pdata[i];
      g_autofree char *platform = oci_platform_text (&part->profile->platform);
      if (!terrane_drift_add (drift, part->profile, part->lock, platform, error))
        return NULL;
    }
  return drift != NULL ? terrane_drift_finish (drift, error) : NULL;
}

static const char *
text_of (const json_t *object, const char *key)
{
  const char *text = json_string_value (json_object_get (object, key));
  return text != NULL ? text : "";
}

static char *
shorten (const char *text)
{
  gboolean digest = g_str_has_prefix (text, "sha256:") || strlen (text) == 64;
  return g_strndup (text, digest ? strlen ("sha256:") + 12 : strlen (text));
}

static void
add_row (TerraneTable *table, const json_t *finding)
{
  g_autofree char *locked = shorten (text_of (finding, "locked"));
  g_autofree char *now = shorten (text_of (finding, "now"));
  g_autofree char *severity = g_strstrip (
      g_strdup_printf ("%s %s", text_of (finding, "severity"), text_of (finding, "score")));
  const char *const cells[] = { text_of (finding, "kind"),
                                text_of (finding, "source"),
                                text_of (finding, "subject"),
                                locked,
                                now,
                                severity,
                                text_of (finding, "message") };
  terrane_table_add (table, cells);
}

static void
print_unanswered (const json_t *unanswered)
{
  size_t i;
  json_t *question;
  json_array_foreach (unanswered, i, question)
  {
    const char *source = text_of (question, "source");
    g_autofree char *line =
        g_strdup_printf ("not answered: %s%s%s: %s\n", text_of (question, "question"),
                         source[0] != '\0' ? " of " : "", source, text_of (question, "reason"));
    g_autofree char *harmless = terrane_harmless_text (line);
    terrane_print ("%s", harmless);
  }
}

static void
print_profile (const json_t *profile)
{
  static const char *const headings[] = { "KIND", "SOURCE",   "WHAT", "LOCKED",
                                          "NOW",  "SEVERITY", "",     NULL };
  size_t i;
  json_t *finding;
  const json_t *findings = json_object_get (profile, "findings");
  size_t ignored = json_array_size (json_object_get (profile, "ignored"));
  terrane_print ("%s, %s: %zu moved", text_of (profile, "profile"), text_of (profile, "platform"),
                 json_array_size (findings));
  terrane_print (ignored > 0 ? ", %zu ignored\n" : "\n", ignored);
  if (json_array_size (findings) > 0)
    {
      g_autoptr (TerraneTable) table = terrane_table_new (headings);
      json_array_foreach (findings, i, finding) add_row (table, finding);
      terrane_table_print (table);
    }
  print_unanswered (json_object_get (profile, "unanswered"));
}

static void
print_document (const json_t *document)
{
  size_t i;
  json_t *profile;
  json_array_foreach (json_object_get (document, "profiles"), i, profile)
  {
    terrane_print (i > 0 ? "\n" : "");
    print_profile (profile);
  }
}

static gboolean
write_markdown (const char *path, const json_t *document, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *text = terrane_drift_markdown (document);
  OCI_PREFIX (error, "drift: --markdown %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_check_replaceable (directory, name, error)
         && oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

/* A change determines the exit code; otherwise an unanswered question to a server or file does. */
static gboolean
conclude (const json_t *document, GError **error)
{
  size_t i, j, findings = 0, failed = 0;
  json_t *profile, *question;
  json_array_foreach (json_object_get (document, "profiles"), i, profile)
  {
    findings += json_array_size (json_object_get (profile, "findings"));
    json_array_foreach (json_object_get (profile, "unanswered"), j, question)
    {
      failed += json_is_true (json_object_get (question, "failed")) ? 1 : 0;
    }
  }
  if (findings > 0)
    {
      g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_STALE, "drift: %zu thing%s moved", findings,
                   findings == 1 ? " has" : "s have");
      return FALSE;
    }
  return failed == 0
         || oci_throw (error, OCI_ERROR_NETWORK, "drift: %zu question%s not answered", failed,
                       failed == 1 ? " was" : "s were");
}

static gboolean
run_drift (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const DriftOptions *options = data;
  g_auto (Parts) parts = { 0 };
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (GStrv) profiles = terrane_command_select_profiles (arguments, "drift", error);
  if (profiles == NULL || !add_profiles (&parts, profiles, options->platform, error)
      || !terrane_workbench_open (global, &options->remote, 0, &bench, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = ask (&bench, options, &parts, error);
  if (document == NULL)
    return FALSE;
  gboolean written =
      options->markdown == NULL || write_markdown (options->markdown, document, error);
  terrane_workbench_show (&bench, document, print_document);
  return written && conclude (document, error);
}

static gboolean
check_today (const char *value, GError **error)
{
  return oci_date_is_valid (value)
         || oci_throw (error, OCI_ERROR_USAGE, "expected a date, YYYY-MM-DD");
}

static gboolean
check_service (const char *value, GError **error)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  return oci_url_origin (value, &origin, NULL)
         || oci_throw (error, OCI_ERROR_USAGE, "expected a URL such as " TERRANE_ADVISORY_SERVICE);
}

static const TerraneOption drift_options[] = {
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORM,
    .target = offsetof (DriftOptions, platform),
    .metavar = "OS/ARCH",
    .help = "Only this platform of the lock (default: all)" },
  { .name = "advisories",
    .kind = TERRANE_OPTION_FILES,
    .target = offsetof (DriftOptions, advisories),
    .metavar = "PATH",
    .help = "Advisories out of a directory or file in OSV's format, JSON or zip, and not from the "
            "network" },
  { .name = "advisory-service",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (DriftOptions, service),
    .metavar = "URL",
    .check = check_service,
    .excludes = "advisories",
    .help = "Server with OSV's API (default: " TERRANE_ADVISORY_SERVICE ")" },
  { .name = "end-of-life",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (DriftOptions, end_of_life),
    .metavar = "FILE",
    .help = "A table of ends of life instead of the program's own" },
  { .name = "days",
    .kind = TERRANE_OPTION_COUNT,
    .target = offsetof (DriftOptions, days),
    .metavar = "N",
    .initial = TERRANE_DRIFT_DAYS,
    .min = 0,
    .max = MAX_DAYS,
    .help = "How many days before it an end of life counts (default: 90)" },
  { .name = "today",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (DriftOptions, today),
    .metavar = "DATE",
    .check = check_today,
    .help = "The day to go by, YYYY-MM-DD (default: the clock's, in UTC)" },
  { .name = "ignore",
    .kind = TERRANE_OPTION_LIST,
    .target = offsetof (DriftOptions, ignore),
    .metavar = "ID",
    .help = "Leave out an advisory, by any of its names, or what the JSON document has as id or "
            "kind" },
  { .name = "fixable",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (DriftOptions, fixable),
    .help = "Leave out advisories that no version is said to have fixed" },
  { .name = "markdown",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (DriftOptions, markdown),
    .metavar = "FILE",
    .help = "Also write the result as Markdown, for an issue or a pull request" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_drift = {
  .name = "drift",
  .arguments = "PROFILE…",
  .summary = "Report what has moved since a profile was locked",
  .description =
      "Tags of images, refs, archives, newer, yanked and withdrawn wheels, advisories about what "
      "is in the image, ends of life. Nothing is changed. The exit code is 4 when something has "
      "moved, and 1 when nothing has but a question could not be answered. The names and versions "
      "of packages go to the advisory service unless --advisories or --offline is given.",
  .examples = "drift --fixable profile.json",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_PROFILE },
  .options = (const TerraneOptionGroup[]){ { .rows = drift_options },
                                           { .rows = terrane_remote_options,
                                             .offset = offsetof (DriftOptions, remote) },
                                           { .rows = NULL } },
  .size = sizeof (DriftOptions),
  .run = run_drift,
};
