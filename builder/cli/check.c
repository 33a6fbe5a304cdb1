/* terrane check */
#include "builder/check/check.h"
#include "builder/annotations.h"
#include "builder/build.h"
#include "builder/cli/inspection.h"
#include "builder/cli/load-profile.h"
#include "builder/error.h"

#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

typedef struct
{
  char *target;  /* (nullable) */
  char *sarif;   /* (nullable) */
  char **ignore; /* (nullable) */
  TerraneInspectionArguments common;
} Arguments;

static void
arguments_clear (Arguments *self)
{
  g_free (self->target);
  g_free (self->sarif);
  g_strfreev (self->ignore);
  terrane_inspection_arguments_clear (&self->common);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

static gboolean
ignore_ids (const Arguments *self, TerraneFindings *findings, GError **error)
{
  for (char **id = self->ignore; id != NULL && *id != NULL; id++)
    {
      g_autofree char *problem = terrane_finding_id_problem (*id);
      if (problem != NULL)
        return oci_throw (error, OCI_ERROR_USAGE, "check: --ignore %s", problem);
      terrane_findings_ignore (findings, *id);
    }
  return TRUE;
}

/* What --target says, else what the image does. */
static gboolean
choose_target (const char *argument, const OciManifest *manifest, TerraneTarget *out_target,
               GError **error)
{
  const json_t *known = json_object_get (manifest->annotations, TERRANE_ANNOTATION_TARGET);
  *out_target = TERRANE_TARGET_AWS_LAMBDA;
  if (argument == NULL && json_is_string (known))
    (void) terrane_target_parse (json_string_value (known), out_target); /* a later version's */
  if (argument == NULL || terrane_target_parse (argument, out_target))
    return TRUE;
  g_autofree char *target = oci_quote (argument);
  g_autofree char *all = g_strjoinv (", ", (char **) terrane_target_words ());
  return oci_throw (error, OCI_ERROR_USAGE, "check: --target %s: expected one of %s", target, all);
}

static gboolean
write_sarif (const char *path, TerraneFindings *findings, const char *image, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autoptr (OciJsonValue) log = terrane_findings_to_sarif (findings, image);
  g_autofree char *text = oci_json_dump_pretty (log);
  OCI_PREFIX (error, "check: --sarif %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

static char *
make_today (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  return g_date_time_format (now, "%Y-%m-%d");
}

/* @document: gets what was checked */
static gboolean
check_image (TerraneGlobal *global, const Arguments *arguments, const char *name,
             TerraneFindings **out_findings, json_t *document, GError **error)
{
  TerraneTarget target = TERRANE_TARGET_AWS_LAMBDA;
  OciDigestText digest;
  g_autoptr (TerraneInspection) inspection =
      terrane_inspection_new (global, "check", name, &arguments->common, error);
  if (inspection == NULL
      || !choose_target (arguments->target, inspection->image->manifest, &target, error))
    return FALSE;
  TerraneImageView view = terrane_inspection_view (inspection);
  g_autofree char *today = make_today ();
  const TerraneImageLayers layers = {
    .manifest = inspection->image->manifest,
    .audit = inspection->files.audit,
    .names = view.names + 1,
    .from_index = inspection->image->descriptor->of_index,
  };
  const TerraneCheck check = {
    .view = &view,
    .target = target,
    .layers = &layers,
    .audit = inspection->files.audit,
    .today = today,
  };
  *out_findings = terrane_findings_new ();
  oci_json_set (document, "digest",
                oci_json_text (oci_digest_text (&inspection->image->descriptor->digest, digest)));
  oci_json_set (document, "target", oci_json_text (terrane_target_words ()[target]));
  gboolean ok = terrane_check_run (&check, *out_findings, error);
  terrane_terminal_finish_phase (inspection->terminal);
  return ok;
}

static gboolean
check_profile (TerraneGlobal *global, const Arguments *arguments, const char *path,
               TerraneFindings **out_findings, json_t *document, GError **error)
{
  TerraneRemoteOptions remote_options = { .jobs = TERRANE_REMOTE_JOBS };
  if (arguments->target != NULL)
    return oci_throw (
        error, OCI_ERROR_USAGE,
        "check: --target is for images; what a profile is for stands in its ‘target’");
  if (!terrane_remote_arguments_parse (&arguments->common.remote, global, "check", &remote_options,
                                       error))
    return FALSE;
  g_autoptr (TerraneProfile) profile =
      terrane_command_load_profile (path, arguments->common.platform, error);
  g_autoptr (TerraneStore) store =
      profile != NULL ? terrane_command_open_store (global, TERRANE_STORE_SHARED, error) : NULL;
  if (store == NULL)
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  remote_options.progress = terrane_terminal_progress (terminal);
  g_autoptr (TerraneRemote) remote = terrane_remote_new (store, &remote_options);
  const TerraneBuildOptions options = {
    .jobs = terrane_command_default_jobs (),
    .keep_lock = TRUE,
    .remote = remote,
    .progress = terrane_terminal_progress (terminal),
  };
  g_autofree char *today = make_today ();
  oci_json_set (document, "profile", oci_json_text (path));
  oci_json_set (document, "target", oci_json_text (terrane_target_words ()[profile->target]));
  *out_findings = terrane_build_check (store, profile, &options, today, error);
  terrane_terminal_finish_phase (terminal);
  return *out_findings != NULL;
}

/* Images in the store have names without a dot and a type; but a profile may have any name. */
static gboolean
is_profile (const char *argument)
{
  char head[64] = { 0 };
  size_t len = 0;
  g_auto (OciFd) fd = -1;
  if (g_str_has_suffix (argument, ".json"))
    return TRUE;
  if (!g_file_test (argument, G_FILE_TEST_IS_REGULAR)
      || (fd = open (argument, O_RDONLY | O_CLOEXEC)) < 0
      || !oci_read_full (fd, head, sizeof head - 1, &len, NULL))
    return FALSE;
  return head[strspn (head, " \t\r\n")] == '{';
}

static void
print_result (const TerraneGlobal *global, TerraneFindings *findings, json_t *document)
{
  if (!global->output.json)
    {
      g_autofree char *text = terrane_findings_to_text (findings);
      terrane_print ("%s", text);
      return;
    }
  for (TerraneSeverity severity = TERRANE_SEVERITY_ERROR; severity <= TERRANE_SEVERITY_NOTE;
       severity++)
    {
      g_autofree char *key = g_strconcat (terrane_severity_name (severity), "s", NULL);
      oci_json_set (document, key, json_integer (terrane_findings_count (findings, severity)));
    }
  oci_json_set (document, "off",
                json_integer (terrane_findings_count (findings, TERRANE_SEVERITY_OFF)));
  oci_json_set (document, "findings", terrane_findings_to_json (findings));
  terrane_print_json (document);
}

static gboolean
run_check (TerraneGlobal *global, const Arguments *arguments, const char *argument, GError **error)
{
  g_autoptr (TerraneFindings) findings = NULL;
  g_autoptr (TerraneFindings) ids = terrane_findings_new ();
  g_autoptr (OciJsonValue) document = json_object ();
  gboolean profile = is_profile (argument);
  if (!ignore_ids (arguments, ids, error) /* before anything takes time */
      || !(profile ? check_profile (global, arguments, argument, &findings, document, error)
                   : check_image (global, arguments, argument, &findings, document, error))
      || !ignore_ids (arguments, findings, error))
    return FALSE;
  if (arguments->sarif != NULL && !write_sarif (arguments->sarif, findings, argument, error))
    return FALSE;
  print_result (global, findings, document);
  guint errors = terrane_findings_count (findings, TERRANE_SEVERITY_ERROR);
  if (errors == 0)
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, "check: %s: %u error%s", argument,
               errors, errors == 1 ? "" : "s");
  return FALSE;
}

gboolean
terrane_command_check (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) positional = NULL;
  g_auto (Arguments) arguments = { 0 };
  gboolean help = FALSE;
  const GOptionEntry entries[] = {
    { "target", 0, 0, G_OPTION_ARG_STRING, &arguments.target,
      "aws-lambda (default), cloud-run, azure-functions, or oci: no rules", "TARGET" },
    { "sarif", 0, 0, G_OPTION_ARG_FILENAME, &arguments.sarif, "Also write SARIF 2.1.0", "FILE" },
    { "ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments.ignore,
      "Leave findings of this id out (repeatable)", "ID" },
    TERRANE_PLATFORM_ENTRY (arguments.common.platform),
    TERRANE_REMOTE_ENTRIES (arguments.common.remote),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "check",
    .entries = entries,
    .description = "Warnings and notes are printed; errors make the exit code 3. docs/checks.md\n"
                   "explains every id. An image outside of the store is copied into it first; of\n"
                   "PROFILE, a JSON file, is checked what would be built.",
    .min = 1,
    .max = 1,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &positional, &help, error) || help)
    return help;
  return run_check (global, &arguments, positional[0], error);
}
