/* terrane validate */
#include "builder/validate.h"

#include "builder/cli/function.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/validation-report.h"
#include "builder/validation/probes.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_TIMEOUT_MS = 900 * 1000,
};

typedef struct
{
  TerraneFunctionArguments function; /* where the image is, and the sandbox */
  char *suite;                       /* (nullable) */
  char **imports;                    /* (nullable) */
  char **scripts;                    /* (nullable) */
  char **commands;                   /* (nullable) */
  char *junit;                       /* (nullable) */
  char *profile;                     /* (nullable) */
  uint64_t timeout_ms;               /* these: 0 if not given */
  uint64_t limit_import_time_ms;
  uint64_t limit_memory;
  uint64_t limit_tmp;
} ValidateOptions;

/* The operations to run: the values of the profile, and those of the options over them. */
typedef struct
{
  TerraneValidateSpec validate;
  TerraneLimitsSpec limits;
  TerraneProfile *profile; /* (nullable) */
} Plan;

static void
plan_clear (Plan *self)
{
  terrane_validate_spec_clear (&self->validate);
  terrane_limits_spec_clear (&self->limits);
  terrane_profile_free (self->profile);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

static void
add_imports (TerraneValidateSpec *spec, char **names)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  for (char **name = spec->imports; name != NULL && *name != NULL; name++)
    g_ptr_array_add (all, g_strdup (*name));
  for (char **name = names; name != NULL && *name != NULL; name++)
    g_ptr_array_add (all, g_strdup (*name));
  g_ptr_array_add (all, NULL);
  g_strfreev (spec->imports);
  spec->imports = (char **) g_ptr_array_steal (all, NULL);
}

static gboolean
check_command (const char *text, GError **error)
{
  g_auto (GStrv) argv = NULL;
  return g_shell_parse_argv (text, NULL, &argv, error);
}

static void
add_commands (TerraneValidateSpec *spec, char **texts)
{
  for (; texts != NULL && *texts != NULL; texts++)
    {
      TerraneCommandSpec *command = g_new0 (TerraneCommandSpec, 1);
      if (!g_shell_parse_argv (*texts, NULL, &command->argv, NULL))
        g_assert_not_reached (); /* check_command() has parsed it */
      g_ptr_array_add (spec->commands, command);
    }
}

static void
override (uint64_t *value, uint64_t option)
{
  if (option > 0)
    *value = option;
}

static gboolean
make_plan (const ValidateOptions *options, Plan *plan, GError **error)
{
  if (options->profile == NULL)
    {
      terrane_validate_spec_init (&plan->validate);
      terrane_limits_spec_init (&plan->limits);
    }
  else
    {
      plan->profile =
          terrane_command_load_profile (options->profile, options->function.platform, error);
      if (plan->profile == NULL)
        return FALSE;
      plan->validate = plan->profile->validate;
      plan->limits = plan->profile->limits;
      terrane_section_copy (&terrane_validate_section, &plan->validate);
      terrane_section_copy (&terrane_limits_section, &plan->limits);
    }
  TerraneValidateSpec *spec = &plan->validate;
  TerraneLimitsSpec *limits = &plan->limits;
  add_imports (spec, options->imports);
  for (char **path = options->scripts; path != NULL && *path != NULL; path++)
    g_ptr_array_add (spec->scripts, g_strdup (*path));
  add_commands (spec, options->commands);
  spec->suite_geo = spec->suite_geo || options->suite != NULL;
  if (options->profile == NULL && !terrane_validate_spec_has_runs (spec))
    spec->suite_geo = TRUE;
  override (&spec->timeout_ms, options->timeout_ms);
  override (&limits->import_time_ms, options->limit_import_time_ms);
  override (&limits->memory, options->limit_memory);
  override (&limits->tmp, options->limit_tmp);
  return TRUE;
}

static gboolean
validate (TerraneGlobal *global, const char *image, const ValidateOptions *options, Plan *plan,
          GError **error)
{
  const TerraneValidateSpec *spec = &plan->validate;
  g_auto (TerraneFunction) function = { 0 };
  g_autoptr (OciJsonValue) results = NULL;
  g_autoptr (GPtrArray) scripts = terrane_validate_load_scripts (spec, error);
  g_autoptr (GPtrArray) events =
      scripts != NULL && plan->profile != NULL ? terrane_probes_load (plan->profile, error) : NULL;
  if (scripts == NULL || (plan->profile != NULL && events == NULL)
      || !terrane_function_open (global, image, &options->function, &function, error))
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  const TerraneValidateRun run = { .root = function.rootfs.path,
                                   .config = function.rootfs.config,
                                   .spec = spec,
                                   .limits = &plan->limits,
                                   .sandbox = options->function.sandbox,
                                   .profile = plan->profile,
                                   .scripts = scripts,
                                   .events = events,
                                   .emulator = &function.emulator,
                                   .mounts = function.mounts,
                                   .network = function.network,
                                   .measure = TRUE,
                                   .progress = terrane_terminal_progress (terminal) };
  gboolean ok = terrane_validate_root (&run, &results, error);
  terrane_terminal_finish_phase (terminal);
  if (!ok)
    {
      g_prefix_error (error, "validate: %s: ", image);
      return FALSE;
    }
  gboolean written =
      options->junit == NULL
      || terrane_validation_report_write_junit (options->junit, image, results, error);
  g_autofree char *emulated = terrane_emulator_describe (&function.emulator);
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) document = json_object ();
      oci_json_set (document, "image", oci_json_text (image));
      if (emulated != NULL)
        oci_json_set (document, "emulator", oci_json_text (emulated));
      terrane_function_add_host (&function, document);
      oci_json_set (document, "results", json_incref (results));
      terrane_print_json (document);
    }
  else
    terrane_validation_report_print (results, TRUE);
  if (!global->output.json && emulated != NULL)
    terrane_print ("(%s)\n", emulated);
  return written && terrane_validate_judge (results, error);
}

static gboolean
run_validate (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const ValidateOptions *options = data;
  g_auto (Plan) plan = { 0 };
  terrane_sandbox_warn (options->function.sandbox);
  return make_plan (options, &plan, error)
         && validate (global, arguments[0], options, &plan, error);
}

static const char *const *
suites (void)
{
  static const char *const words[] = { "geo", NULL };
  return words;
}

#define OPTION(member) offsetof (ValidateOptions, member)

static const TerraneOption validate_options[] = {
  { .name = "suite",
    .kind = TERRANE_OPTION_WORD,
    .target = OPTION (suite),
    .metavar = "NAME",
    .words = suites,
    .help = "Run a built-in suite: geo (what is run when nothing else is said)" },
  { .name = "import",
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (imports),
    .metavar = "MODULE",
    .help = "Import a Python module" },
  { .name = "script",
    .kind = TERRANE_OPTION_FILES,
    .target = OPTION (scripts),
    .metavar = "FILE",
    .help = "Run a script in the image" },
  { .name = "command",
    .kind = TERRANE_OPTION_LIST,
    .target = OPTION (commands),
    .metavar = "COMMAND",
    .check = check_command,
    .help = "Run a program of the image, without a shell" },
  { .name = "profile",
    .kind = TERRANE_OPTION_FILE,
    .target = OPTION (profile),
    .metavar = "FILE",
    .help = "Run what a profile's ‘validate’ says, within its ‘limits’" },
  { .name = "junit",
    .kind = TERRANE_OPTION_FILE,
    .target = OPTION (junit),
    .metavar = "FILE",
    .help = "Also write JUnit XML" },
  TERRANE_OPTION_END,
};

static const TerraneOption validate_limit_options[] = {
  { .name = "timeout",
    .kind = TERRANE_OPTION_DURATION,
    .target = OPTION (timeout_ms),
    .metavar = "TIME",
    .max = MAX_TIMEOUT_MS,
    .help = "For each process (default 60s)" },
  { .name = "limit-import-time",
    .kind = TERRANE_OPTION_DURATION,
    .target = OPTION (limit_import_time_ms),
    .metavar = "TIME",
    .max = MAX_TIMEOUT_MS,
    .help = "Fail for imports that take longer" },
  { .name = "limit-memory",
    .kind = TERRANE_OPTION_SIZE,
    .target = OPTION (limit_memory),
    .metavar = "SIZE",
    .min = 1,
    .max = G_MAXINT64,
    .help = "Fail for processes with more in memory" },
  { .name = "limit-tmp",
    .kind = TERRANE_OPTION_SIZE,
    .target = OPTION (limit_tmp),
    .metavar = "SIZE",
    .min = 1,
    .max = G_MAXINT64,
    .help = "Size of /tmp (default 512MiB)" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup validate_groups[] = {
  { .rows = validate_options },
  { .rows = validate_limit_options },
  { .rows = terrane_sandbox_options, .offset = OPTION (function.sandbox) },
  { .rows = terrane_function_host_options, .offset = OPTION (function) },
  TERRANE_FUNCTION_IMAGE_GROUPS (OPTION (function)),
  { .rows = NULL },
};

const TerraneCommand terrane_command_validate = {
  .name = "validate",
  .arguments = "IMAGE",
  .summary = "Run an image's own code to see whether it works",
  .description = "Imports modules and runs scripts, commands and suites in a sandbox. All failures "
                 "are reported; any failure makes the exit code 3. docs/validation.md describes "
                 "what is run and measured.",
  .examples = "validate tiles --suite geo\n"
              "validate tiles --import rasterio --import shapely",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE },
  .options = validate_groups,
  .size = sizeof (ValidateOptions),
  .run = run_validate,
};
