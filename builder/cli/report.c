/* terrane report */
#include "builder/report/report.h"
#include "builder/cli/image-files.h"
#include "builder/report/page.h"

#include "oci/base/number.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_RECORD_BYTES = 64 * 1024 * 1024,
};

typedef struct
{
  char *output;
  char *record;  /* (nullable): path */
  char *compare; /* (nullable): IMAGE */
  TerraneInspectionArguments common;
} ReportOptions;

/* Returns: (transfer full) (nullable) */
static json_t *
read_record (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  OCI_PREFIX (error, "--record %s", path);
  if (!oci_read_file (AT_FDCWD, path, MAX_RECORD_BYTES, &bytes, error))
    return NULL;
  OciJson root;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("the record", bytes, OCI_ERROR_USAGE, &root, error);
  if (document == NULL || !oci_json_object (&root, NULL))
    {
      if (document != NULL)
        (void) oci_json_document_finish (document, error);
      return NULL;
    }
  return json_incref ((json_t *) root.value);
}

static gboolean
write_page (const char *path, const char *page, GError **error)
{
  g_auto (OciFd) directory = -1;
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  OCI_PREFIX (error, "--output %s", path);
  return oci_open_dir (AT_FDCWD, parent, &directory, error)
         && oci_check_replaceable (directory, name, error)
         && oci_replace_file (directory, name, 0644, page, strlen (page), error);
}

/* Returns: (transfer full) (nullable): the document of the page */
static json_t *
make_document (const TerraneWorkbench *bench, const ReportOptions *options, const char *name,
               GError **error)
{
  g_auto (TerraneDiffSide) side = { .store = NULL }, other = { .store = NULL };
  g_autoptr (TerraneOpenImage) before = NULL;
  g_autoptr (OciJsonValue) record = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *today = g_date_time_format (now, "%Y-%m-%d");
  if (options->record != NULL && (record = read_record (options->record, error)) == NULL)
    return NULL;
  g_autoptr (TerraneOpenImage) image = terrane_workbench_open_image (
      bench, name, options->common.platform, TERRANE_IMAGE_LAYERS, error);
  if (image != NULL && options->compare != NULL)
    before = terrane_workbench_open_image (bench, options->compare, options->common.platform,
                                           TERRANE_IMAGE_LAYERS, error);
  if (image == NULL || (options->compare != NULL && before == NULL)
      || !terrane_diff_side_init (&side, bench->store, image, name, bench->jobs, bench->progress,
                                  error)
      || (before != NULL
          && !terrane_diff_side_init (&other, bench->store, before, options->compare, bench->jobs,
                                      bench->progress, error)))
    return NULL;
  const TerraneReportOptions report = { .today = today,
                                        .record = record,
                                        .other = before != NULL ? &other : NULL };
  return terrane_report (&side, &report, error);
}

static gboolean
run_report (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const ReportOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  if (options->output == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "report: expected --output=FILE, such as --output=report.html");
  if (!terrane_workbench_open (global, &options->common.remote, 0, &bench, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = make_document (&bench, options, arguments[0], error);
  if (document == NULL)
    return FALSE;
  g_autofree char *page = terrane_report_page (document);
  if (!write_page (options->output, page, error))
    return FALSE;
  terrane_terminal_finish_phase (bench.terminal);
  if (global->output.json)
    terrane_print_json (document);
  else
    {
      g_autofree char *size = oci_format_size (strlen (page));
      terrane_print ("%s: %s\n", options->output, size);
    }
  return TRUE;
}

static const TerraneOption report_options[] = {
  { .name = "output",
    .letter = 'o',
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (ReportOptions, output),
    .metavar = "FILE",
    .help = "The page, one HTML file that needs no other" },
  { .name = "record",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (ReportOptions, record),
    .metavar = "FILE",
    .help = "Also show the validation of the build that wrote this record" },
  { .name = "compare",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (ReportOptions, compare),
    .metavar = "IMAGE",
    .help = "Also show what changed since this image" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_report = {
  .name = "report",
  .arguments = "IMAGE",
  .summary = "Write a page about an image: sizes, layers, findings, validation",
  .description =
      "The page works without a network. With --json, prints the document that it shows. "
      "An image outside of the store is copied into it first.",
  .examples = "report tiles -o report.html\n"
              "report tiles -o page.html --record record.json --compare tiles:old",
  .min = 1,
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE },
  .options =
      (const TerraneOptionGroup[]){ { .rows = report_options },
                                    TERRANE_INSPECTION_GROUPS (offsetof (ReportOptions, common)),
                                    { .rows = NULL } },
  .size = sizeof (ReportOptions),
  .run = run_report,
};
