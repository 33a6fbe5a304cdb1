/* terrane check */
#include "builder/check/check.h"
#include "builder/annotations.h"
#include "builder/build.h"
#include "builder/cli/image-files.h"
#include "builder/cli/load-profile.h"
#include "builder/error.h"

#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum
{
  MAX_SHOWN = 5, /* of a list on a terminal, without --verbose */
};

typedef struct
{
  char *target;  /* (nullable) */
  char *sarif;   /* (nullable) */
  char **ignore; /* (nullable) */
  TerraneInspectionArguments common;
} CheckOptions;

static gboolean
check_id (const char *id, GError **error)
{
  g_autofree char *problem = terrane_finding_id_problem (id);
  return problem == NULL || oci_throw (error, OCI_ERROR_USAGE, "%s", problem);
}

static void
ignore_ids (const CheckOptions *self, TerraneFindings *findings)
{
  for (char **id = self->ignore; id != NULL && *id != NULL; id++)
    terrane_findings_ignore (findings, *id);
}

/* Returns the target of --target, else that of the image. */
static TerraneTarget
choose_target (const char *argument, const OciManifest *manifest)
{
  TerraneTarget target = TERRANE_TARGET_AWS_LAMBDA;
  const json_t *known = json_object_get (manifest->annotations, TERRANE_ANNOTATION_TARGET);
  if (argument == NULL && json_is_string (known))
    (void) terrane_target_parse (json_string_value (known), &target); /* from a later version */
  if (argument != NULL)
    (void) terrane_target_parse (argument, &target); /* the option parser has checked it */
  return target;
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
         && oci_check_replaceable (directory, name, error)
         && oci_replace_file_synced (directory, name, 0644, text, strlen (text), error);
}

static char *
make_today (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  return g_date_time_format (now, "%Y-%m-%d");
}

/* @document: gets the result */
static gboolean
check_image (TerraneGlobal *global, const CheckOptions *options, const char *name,
             TerraneFindings **out_findings, json_t *document, GError **error)
{
  OciDigestText digest;
  g_autoptr (TerraneInspection) inspection =
      terrane_inspection_new (global, name, &options->common, error);
  if (inspection == NULL)
    return FALSE;
  TerraneTarget target = choose_target (options->target, inspection->image->manifest);
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
  terrane_terminal_finish_phase (inspection->bench.terminal);
  return ok;
}

static gboolean
check_profile (TerraneGlobal *global, const CheckOptions *options, const char *path,
               TerraneFindings **out_findings, json_t *document, GError **error)
{
  if (options->target != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "check: --target is for images; a profile says it in its ‘target’");
  g_autoptr (TerraneProfile) profile =
      terrane_command_load_profile (path, options->common.platform, error);
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  if (profile == NULL
      || !terrane_workbench_open (global, &options->common.remote, 0, &bench, error))
    return FALSE;
  const TerraneBuildOptions build = {
    .jobs = bench.jobs,
    .keep_lock = TRUE,
    .remote = bench.remote,
    .progress = bench.progress,
  };
  g_autofree char *today = make_today ();
  oci_json_set (document, "profile", oci_json_text (path));
  oci_json_set (document, "target", oci_json_text (terrane_target_words ()[profile->target]));
  *out_findings = terrane_build_check (bench.store, profile, &build, today, error);
  terrane_terminal_finish_phase (bench.terminal);
  return *out_findings != NULL;
}

/* A finding starts with its severity; all its other lines are indented. */
static void
print_text (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL && (line[1] != NULL || **line != '\0'); line++)
    {
      gboolean is_error = g_str_has_prefix (*line, "error:");
      gboolean is_warning = g_str_has_prefix (*line, "warning:");
      gsize len = is_error || is_warning ? strcspn (*line, ":") + 1 : 0;
      g_autofree char *word = g_strndup (*line, len);
      if (len > 0)
        terrane_print_colored (is_error ? TERRANE_COLOR_FAILURE : TERRANE_COLOR_WARNING, word);
      terrane_print ("%s\n", *line + len);
    }
}

static void
print_result (const TerraneGlobal *global, TerraneFindings *findings, json_t *document)
{
  if (!global->output.json)
    {
      gboolean whole = global->output.verbose || !isatty (STDOUT_FILENO);
      g_autofree char *text = terrane_findings_to_text (findings, whole ? 0 : MAX_SHOWN);
      print_text (text);
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
run_check (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const CheckOptions *options = data;
  const char *argument = arguments[0];
  g_autoptr (TerraneFindings) findings = NULL;
  g_autoptr (OciJsonValue) document = json_object ();
  if (!(terrane_command_is_profile (argument)
            ? check_profile (global, options, argument, &findings, document, error)
            : check_image (global, options, argument, &findings, document, error)))
    return FALSE;
  ignore_ids (options, findings);
  gboolean written =
      options->sarif == NULL || write_sarif (options->sarif, findings, argument, error);
  print_result (global, findings, document);
  guint errors = terrane_findings_count (findings, TERRANE_SEVERITY_ERROR);
  if (errors == 0 || !written)
    return written;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED, "check: %s: %u error%s", argument,
               errors, errors == 1 ? "" : "s");
  return FALSE;
}

static const TerraneOption check_options[] = {
  { .name = "target",
    .kind = TERRANE_OPTION_WORD,
    .target = offsetof (CheckOptions, target),
    .metavar = "TARGET",
    .words = terrane_target_words,
    .help = "aws-lambda, cloud-run, azure-functions, or oci for no platform's rules (default: "
            "what the image was built for, else aws-lambda)" },
  { .name = "sarif",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (CheckOptions, sarif),
    .metavar = "FILE",
    .help = "Also write SARIF 2.1.0" },
  { .name = "ignore",
    .kind = TERRANE_OPTION_LIST,
    .target = offsetof (CheckOptions, ignore),
    .metavar = "ID",
    .check = check_id,
    .help = "Leave out findings of this id" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_check = {
  .name = "check",
  .arguments = "IMAGE|PROFILE",
  .summary = "Check an image statically",
  .description = "Finds what would not work on the target, without running anything. Errors make "
                 "the exit code 3; warnings and notes are only printed. Given a PROFILE, a JSON "
                 "file, checks the image that it would build. An image outside of the store is "
                 "copied into it first. docs/checks.md explains every finding.",
  .examples = "check profile.json\n"
              "check --target cloud-run docker://ghcr.io/osgeo/gdal:3.12.0",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE_OR_PROFILE },
  .options =
      (const TerraneOptionGroup[]){ { .rows = check_options },
                                    TERRANE_INSPECTION_GROUPS (offsetof (CheckOptions, common)),
                                    { .rows = NULL } },
  .size = sizeof (CheckOptions),
  .run = run_check,
};
