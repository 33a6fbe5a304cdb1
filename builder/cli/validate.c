/* terrane validate */
#include "builder/validate.h"

#include "builder/cli/function-options.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/sandbox-options.h"
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
  TerraneFunctionArguments function;
  char *suite;
  char **imports;
  char **scripts;
  char **commands;
  char *junit;
  char *profile;
  char *timeout;
  char *limit_import_time;
  char *limit_memory;
  char *limit_tmp;
} Arguments;

static void
arguments_clear (Arguments *self)
{
  terrane_function_arguments_clear (&self->function);
  g_free (self->suite);
  g_strfreev (self->imports);
  g_strfreev (self->scripts);
  g_strfreev (self->commands);
  g_free (self->junit);
  g_free (self->profile);
  g_free (self->timeout);
  g_free (self->limit_import_time);
  g_free (self->limit_memory);
  g_free (self->limit_tmp);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

/* What is to be run: the profile's, and what the options say on top of it. */
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
add_command (TerraneValidateSpec *spec, const char *text, GError **error)
{
  g_autoptr (GError) local = NULL;
  char **argv = NULL;
  if (!g_shell_parse_argv (text, NULL, &argv, &local))
    return oci_throw (error, OCI_ERROR_USAGE, "validate: --command: %s", local->message);
  TerraneCommandSpec *command = g_new0 (TerraneCommandSpec, 1);
  command->argv = argv;
  g_ptr_array_add (spec->commands, command);
  return TRUE;
}

/* What was written wrong in an option is a matter of usage, whatever it is elsewhere. */
static gboolean
check_option (const char *option, gboolean ok, const GError *local, GError **error)
{
  return ok || oci_throw (error, OCI_ERROR_USAGE, "validate: %s: %s", option, local->message);
}

static gboolean
read_duration (const char *option, const char *text, uint64_t *out_ms, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean ok = text == NULL || oci_parse_duration (text, MAX_TIMEOUT_MS, out_ms, &local);
  return check_option (option, ok, local, error);
}

static gboolean
read_size (const char *option, const char *text, uint64_t *out_bytes, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean ok = text == NULL || oci_parse_size (text, out_bytes, &local);
  return check_option (option, ok, local, error);
}

static gboolean
make_plan (const Arguments *arguments, Plan *plan, GError **error)
{
  if (arguments->suite != NULL && strcmp (arguments->suite, "geo") != 0)
    {
      g_autofree char *quoted = oci_quote (arguments->suite);
      return oci_throw (error, OCI_ERROR_USAGE, "validate: --suite %s: the only suite is geo",
                        quoted);
    }
  if (arguments->profile == NULL)
    {
      terrane_validate_spec_init (&plan->validate);
      terrane_limits_spec_init (&plan->limits);
    }
  else
    {
      plan->profile =
          terrane_command_load_profile (arguments->profile, arguments->function.platform, error);
      if (plan->profile == NULL)
        return FALSE;
      plan->validate = plan->profile->validate;
      plan->limits = plan->profile->limits;
      terrane_section_copy (&terrane_validate_section, &plan->validate);
      terrane_section_copy (&terrane_limits_section, &plan->limits);
    }
  TerraneValidateSpec *spec = &plan->validate;
  TerraneLimitsSpec *limits = &plan->limits;
  add_imports (spec, arguments->imports);
  for (char **path = arguments->scripts; path != NULL && *path != NULL; path++)
    g_ptr_array_add (spec->scripts, g_strdup (*path));
  for (char **text = arguments->commands; text != NULL && *text != NULL; text++)
    if (!add_command (spec, *text, error))
      return FALSE;
  spec->suite_geo = spec->suite_geo || arguments->suite != NULL;
  if (arguments->profile == NULL && !terrane_validate_spec_has_runs (spec))
    spec->suite_geo = TRUE;
  return read_duration ("--timeout", arguments->timeout, &spec->timeout_ms, error)
         && read_duration ("--limit-import-time", arguments->limit_import_time,
                           &limits->import_time_ms, error)
         && read_size ("--limit-memory", arguments->limit_memory, &limits->memory, error)
         && read_size ("--limit-tmp", arguments->limit_tmp, &limits->tmp, error);
}

static gboolean
validate (TerraneGlobal *global, const char *image, const Arguments *arguments, Plan *plan,
          GError **error)
{
  const TerraneValidateSpec *spec = &plan->validate;
  g_auto (TerraneFunction) function = { 0 };
  g_autoptr (OciJsonValue) results = NULL;
  g_autoptr (GPtrArray) scripts = terrane_validate_load_scripts (spec, error);
  g_autoptr (GPtrArray) events =
      scripts != NULL && plan->profile != NULL ? terrane_probes_load (plan->profile, error) : NULL;
  if (scripts == NULL || (plan->profile != NULL && events == NULL)
      || !terrane_function_open (global, image, &arguments->function, &function, error))
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  const TerraneValidateRun run = { .root = function.rootfs.path,
                                   .config = function.rootfs.config,
                                   .spec = spec,
                                   .limits = &plan->limits,
                                   .sandbox = arguments->function.kind,
                                   .profile = plan->profile,
                                   .scripts = scripts,
                                   .events = events,
                                   .emulator = &function.emulator,
                                   .measure = TRUE,
                                   .progress = terrane_terminal_progress (terminal) };
  gboolean ok = terrane_validate_root (&run, &results, error);
  terrane_terminal_finish_phase (terminal);
  if (!ok)
    {
      g_prefix_error (error, "validate: %s: ", image);
      return FALSE;
    }
  if (arguments->junit != NULL
      && !terrane_validation_report_write_junit (arguments->junit, image, results, error))
    return FALSE;
  g_autofree char *emulated = terrane_emulator_describe (&function.emulator);
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) document = json_object ();
      oci_json_set (document, "image", oci_json_text (image));
      if (emulated != NULL)
        oci_json_set (document, "emulator", oci_json_text (emulated));
      oci_json_set (document, "results", json_incref (results));
      terrane_print_json (document);
    }
  else
    terrane_validation_report_print (results, TRUE);
  if (!global->output.json && emulated != NULL)
    terrane_print ("(%s)\n", emulated);
  return terrane_validate_judge (results, error);
}

gboolean
terrane_command_validate (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) positional = NULL;
  g_auto (Arguments) arguments = { .function = TERRANE_FUNCTION_ARGUMENTS_INIT };
  g_auto (Plan) plan = { 0 };
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "suite", 0, 0, G_OPTION_ARG_STRING, &arguments.suite,
      "Run a built-in suite: geo (what is run when nothing else is said)", "NAME" },
    { "import", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments.imports,
      "Import a Python module, repeatable", "MODULE" },
    { "script", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments.scripts,
      "Run a script in the image, repeatable", "FILE" },
    { "command", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments.commands,
      "Run a program of the image, repeatable; no shell takes part", "COMMAND" },
    { "profile", 0, 0, G_OPTION_ARG_FILENAME, &arguments.profile,
      "Run what a profile's ‘validate’ says, within its ‘limits’", "FILE" },
    { "junit", 0, 0, G_OPTION_ARG_FILENAME, &arguments.junit, "Also write JUnit XML", "FILE" },
    { "timeout", 0, 0, G_OPTION_ARG_STRING, &arguments.timeout, "For each process (default 60s)",
      "DURATION" },
    { "limit-import-time", 0, 0, G_OPTION_ARG_STRING, &arguments.limit_import_time,
      "Fail for imports that take longer", "DURATION" },
    { "limit-memory", 0, 0, G_OPTION_ARG_STRING, &arguments.limit_memory,
      "Fail for processes with more in memory", "SIZE" },
    { "limit-tmp", 0, 0, G_OPTION_ARG_STRING, &arguments.limit_tmp, "Size of /tmp (default 512MiB)",
      "SIZE" },
    TERRANE_PLATFORM_ENTRY (arguments.function.platform),
    TERRANE_SANDBOX_ENTRY (arguments.function.sandbox),
    TERRANE_REMOTE_ENTRIES (arguments.function.remote),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "validate",
    .entries = entries,
    .description =
        "Runs the image's own code in a sandbox. What fails makes the exit code 3; all of\n"
        "it is reported. docs/validation.md says what is run and measured.",
    .min = 1,
    .max = 1,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &positional, &help, error) || help)
    return help;
  return terrane_sandbox_option (arguments.function.sandbox, "validate", &arguments.function.kind,
                                 error)
         && make_plan (&arguments, &plan, error)
         && validate (global, positional[0], &arguments, &plan, error);
}
