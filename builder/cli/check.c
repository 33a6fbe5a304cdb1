/* terrane check */
#include "builder/check/check.h"
#include "builder/cli/inspection.h"
#include "builder/error.h"

#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

typedef struct
{
  char *target;  /* (nullable) */
  char *sarif;   /* (nullable) */
  char **ignore; /* (nullable) */
} Arguments;

static void
arguments_clear (Arguments *self)
{
  g_free (self->target);
  g_free (self->sarif);
  g_strfreev (self->ignore);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Arguments, arguments_clear)

static gboolean
check_arguments (const Arguments *self, TerraneFindings *findings, TerraneTarget *out_target,
                 GError **error)
{
  if (self->target != NULL && !terrane_target_parse (self->target, out_target))
    {
      g_autofree char *target = oci_quote (self->target);
      g_autofree char *all = g_strjoinv (", ", (char **) terrane_target_words ());
      return oci_throw (error, OCI_ERROR_USAGE, "check: --target %s: expected one of %s", target,
                        all);
    }
  for (char **id = self->ignore; id != NULL && *id != NULL; id++)
    {
      g_autofree char *quoted = oci_quote (*id);
      const char *nearest = oci_nearest_word (*id, terrane_finding_ids ());
      if (!g_strv_contains (terrane_finding_ids (), *id))
        return oci_throw (error, OCI_ERROR_USAGE,
                          "check: --ignore %s: no finding has this id%s%s%s", quoted,
                          nearest != NULL ? "; did you mean ‘" : "", nearest != NULL ? nearest : "",
                          nearest != NULL ? "’?" : "");
      terrane_findings_ignore (findings, *id);
    }
  return TRUE;
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
         && oci_replace_file (directory, name, 0644, text, strlen (text), error);
}

static gboolean
run_checks (const TerraneInspection *inspection, TerraneTarget target, TerraneFindings *findings,
            GError **error)
{
  const TerraneUnpacked *unpacked = inspection->unpacked;
  TerraneImageView view = terrane_unpacked_view (unpacked, inspection->store);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *today = g_date_time_format (now, "%Y-%m-%d");
  const TerraneCheck check = {
    .view = &view,
    .target = target,
    .manifest = unpacked->manifest,
    .audit = unpacked->audit,
    .from_index = inspection->image->from_index,
    .today = today,
  };
  return terrane_check_run (&check, findings, error);
}

static void
print_result (const TerraneGlobal *global, const TerraneInspection *inspection,
              TerraneFindings *findings)
{
  if (!global->output.json)
    {
      g_autofree char *text = terrane_findings_to_text (findings);
      terrane_print ("%s", text);
      return;
    }
  OciDigestText digest;
  g_autoptr (OciJsonValue) document = json_object ();
  oci_json_set (document, "digest",
                oci_json_text (oci_digest_text (&inspection->image->manifest->digest, digest)));
  for (TerraneSeverity severity = TERRANE_SEVERITY_ERROR; severity <= TERRANE_SEVERITY_NOTE;
       severity++)
    {
      g_autofree char *key = g_strconcat (terrane_severity_name (severity), "s", NULL);
      oci_json_set (document, key, json_integer (terrane_findings_count (findings, severity)));
    }
  oci_json_set (document, "findings", terrane_findings_to_json (findings));
  terrane_print_json (document);
}

gboolean
terrane_command_check (TerraneGlobal *global, int argc, char **argv, GError **error)
{
  g_auto (GStrv) positional = NULL;
  g_auto (Arguments) arguments = { 0 };
  g_auto (TerraneInspectionArguments) common = { 0 };
  g_autoptr (TerraneFindings) findings = terrane_findings_new ();
  gboolean help = FALSE;
  TerraneTarget target = TERRANE_TARGET_AWS_LAMBDA;
  const GOptionEntry entries[] = {
    { "target", 0, 0, G_OPTION_ARG_STRING, &arguments.target,
      "Whose rules count: aws-lambda (default), cloud-run, azure-functions; oci for none",
      "TARGET" },
    { "sarif", 0, 0, G_OPTION_ARG_FILENAME, &arguments.sarif, "Also write SARIF 2.1.0", "FILE" },
    { "ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &arguments.ignore,
      "Leave findings of this id out (repeatable)", "ID" },
    TERRANE_PLATFORM_ENTRY (common.platform),
    TERRANE_REMOTE_ENTRIES (common.remote),
    G_OPTION_ENTRY_NULL,
  };
  const TerraneCommandLine line = {
    .name = "check",
    .entries = entries,
    .description = "Warnings and notes are printed; errors make the exit code 3. docs/checks.md\n"
                   "explains every id. An image outside of the store is copied into it first.",
    .min = 1,
    .max = 1,
  };
  if (!terrane_command_parse (global, &line, argc, argv, &positional, &help, error) || help)
    return help;
  if (!check_arguments (&arguments, findings, &target, error))
    return FALSE;
  g_autoptr (TerraneInspection) inspection =
      terrane_inspection_new (global, "check", positional[0], &common, error);
  if (inspection == NULL || !run_checks (inspection, target, findings, error))
    return FALSE;
  terrane_terminal_finish_phase (inspection->terminal);
  if (arguments.sarif != NULL && !write_sarif (arguments.sarif, findings, positional[0], error))
    return FALSE;
  print_result (global, inspection, findings);
  guint errors = terrane_findings_count (findings, TERRANE_SEVERITY_ERROR);
  if (errors == 0)
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_GATE, "check: %s: %u error%s", positional[0],
               errors, errors == 1 ? "" : "s");
  return FALSE;
}
