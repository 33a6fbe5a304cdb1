#include "builder/cli/deploy-layer.h"

#include "builder/cli/deploy-report.h"
#include "builder/cli/record-file.h"
#include "builder/cli/terminal.h"
#include "builder/deploy/deploy.h"
#include "builder/deploy/layers.h"
#include "builder/remote/interrupt.h"
#include "builder/version.h"

#include "oci/aws/aws-service.h"

#define LAYER(member) offsetof (TerraneLayerArguments, member)

const TerraneOption terrane_layer_options[] = {
  { .name = "layer",
    .kind = TERRANE_OPTION_TEXT,
    .target = LAYER (name),
    .metavar = "NAME",
    .help = "Publish zips of ‘lambda-layer:’ as this layer" },
  { .name = "regions",
    .kind = TERRANE_OPTION_LIST,
    .target = LAYER (regions),
    .metavar = "REGION,…",
    .needs = "layer",
    .help = "Where (default: that of the environment)" },
  { .name = "bucket",
    .kind = TERRANE_OPTION_TEXT,
    .target = LAYER (bucket),
    .metavar = "BUCKET",
    .needs = "layer",
    .help = "Send zips by way of this one of S3; over 50 MB they must" },
  { .name = "description",
    .kind = TERRANE_OPTION_TEXT,
    .target = LAYER (description),
    .metavar = "TEXT",
    .needs = "layer",
    .help = "What Lambda says of the version" },
  { .name = "license",
    .kind = TERRANE_OPTION_TEXT,
    .target = LAYER (license),
    .metavar = "TEXT",
    .needs = "layer",
    .help = "Its licence: SPDX identifier, URL or text" },
  TERRANE_OPTION_END,
};

/* Returns: (transfer full) (nullable): NULL-terminated, without duplicates */
static char **
list_regions (char **given, GError **error)
{
  g_autoptr (GPtrArray) regions = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *region = NULL;
  g_autofree char *all = given != NULL ? g_strjoinv (",", given) : NULL;
  if (all == NULL && !terrane_deploy_default_region (&region, error))
    return NULL;
  if (all == NULL && region == NULL)
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "deploy: no region is known; give --regions REGION,… or set AWS_REGION");
      return NULL;
    }
  g_auto (GStrv) words = g_strsplit (all != NULL ? all : region, ",", -1);
  for (char **word = words; *word != NULL; word++)
    {
      g_autofree char *quoted = oci_quote (*word);
      if (!oci_aws_is_region (*word))
        {
          oci_throw (error, OCI_ERROR_USAGE, "deploy: --regions: %s cannot be a region of AWS",
                     quoted);
          return NULL;
        }
      if (!g_ptr_array_find_with_equal_func (regions, *word, g_str_equal, NULL))
        g_ptr_array_add (regions, g_strdup (*word));
    }
  g_ptr_array_add (regions, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&regions), FALSE);
}

/* Returns the element of the record's "lambda" for a file with this content. */
static const json_t *
find_in_record (const json_t *lambda, const TerraneLayerFile *file)
{
  size_t i;
  const json_t *entry;
  OciDigestText text;
  const json_t *files = json_object_get (lambda, "files");
  json_array_foreach (
      files, i,
      entry) if (g_strcmp0 (json_string_value (json_object_get (entry, "kind")), "lambda-layer")
                     == 0
                 && g_strcmp0 (json_string_value (json_object_get (entry, "digest")),
                               oci_digest_text (&file->sha256, text))
                        == 0) return entry;
  return NULL;
}

/* All files must be from the recorded build: otherwise a part of an older one could be among
 * them. */
static gboolean
check_against_record (const TerraneLayers *layers, const char *path, const json_t *lambda,
                      GError **error)
{
  const GPtrArray *files = terrane_layers_files (layers);
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneLayerFile *file = files->pdata[i];
      if (find_in_record (lambda, file) == NULL)
        return oci_throw (error, OCI_ERROR_USAGE,
                          "%s: the build of the record %s wrote no such layer; build again, or "
                          "leave it out",
                          file->path, path);
    }
  return TRUE;
}

static void
print_report (const json_t *report)
{
  size_t i;
  json_t *layer;
  json_array_foreach (json_object_get (report, "layers"), i, layer)
      terrane_print ("%s%s\n", json_string_value (json_object_get (layer, "arn")),
                     json_is_true (json_object_get (layer, "unchanged")) ? "  (unchanged)" : "");
}

static void
on_notice (gpointer data, const char *message)
{
  terrane_progress_warn (data, "%s", message);
}

/* The state of one run. */
typedef struct
{
  const TerraneLayerRun *run;
  const TerraneGlobal *global;
  TerraneTerminal *terminal;
  json_t *record; /* (nullable) */
} Session;

static void
session_clear (Session *self)
{
  json_decref (self->record);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_clear)

static json_t *
record_lambda (const Session *self)
{
  return json_object_get (self->record, "lambda");
}

static gboolean
publish (const Session *self, TerraneLayers *layers, GError **error)
{
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  gboolean ok = terrane_layers_publish (layers, terrane_interrupt_cancellable (interrupt), error);
  g_autoptr (OciJsonValue) report = terrane_layers_report (layers);
  if (self->record != NULL)
    {
      if (json_object_update (record_lambda (self), report) < 0)
        g_error ("out of memory while building JSON");
      ok = terrane_record_file_keep (self->run->record, self->record, ok,
                                     terrane_terminal_progress (self->terminal), error);
    }
  terrane_terminal_finish_phase (self->terminal);
  if (self->global->output.json)
    terrane_print_json (report);
  else if (ok)
    print_report (report);
  return ok;
}

static gboolean
work (const Session *self, const TerraneLayersOptions *options, GError **error)
{
  const OciHttpOptions http = {
    .user_agent = "terrane/" TERRANE_VERSION,
    .insecure = self->run->remote->tls_verify == TERRANE_CHOICE_FALSE,
    .timeout_ms = self->run->remote->timeout_ms,
    .offline = self->global->offline,
    .notice = on_notice,
    .notice_data = (gpointer) options->progress,
  };
  g_autoptr (OciHttpClient) client = oci_http_client_new (&http);
  g_autoptr (TerraneLayers) layers = terrane_layers_new (client, options, error);
  if (layers == NULL
      || (self->record != NULL
          && !check_against_record (layers, self->run->record, record_lambda (self), error)))
    return FALSE;
  if (!self->run->dry_run)
    return publish (self, layers, error);
  g_autoptr (OciJsonValue) plan = terrane_layers_plan (layers, error);
  if (plan == NULL)
    return FALSE;
  if (self->global->output.json)
    terrane_print_json (plan);
  else
    terrane_deploy_report_print_plan (plan);
  return TRUE;
}

static gboolean
load_record (Session *self, GError **error)
{
  if (self->run->record == NULL)
    return TRUE;
  self->record = terrane_record_file_load (self->run->record, NULL, error);
  if (self->record == NULL)
    return FALSE;
  return json_is_object (record_lambda (self))
         || oci_throw (error, OCI_ERROR_USAGE,
                       "the record %s has no ‘lambda’: write the zips with 'terrane build --record "
                       "FILE --output lambda-layer:FILE'",
                       self->run->record);
}

gboolean
terrane_deploy_layer (const TerraneGlobal *global, const TerraneLayerRun *run, char **files,
                      GError **error)
{
  g_auto (Session) session = { .run = run, .global = global };
  g_auto (GStrv) regions = list_regions (run->arguments->regions, error);
  if (regions == NULL || !load_record (&session, error))
    return FALSE;
  g_autoptr (TerraneTerminal) terminal = terrane_terminal_new (&global->output);
  session.terminal = terminal;
  const TerraneLayersOptions options = {
    .name = run->arguments->name,
    .regions = (const char *const *) regions,
    .files = (const char *const *) files,
    .role = run->role,
    .external_id = run->external_id,
    .bucket = run->arguments->bucket,
    .description = run->arguments->description,
    .license = run->arguments->license,
    .runtime = json_string_value (json_object_get (record_lambda (&session), "runtime")),
    .architecture = json_string_value (json_object_get (record_lambda (&session), "architecture")),
    .progress = terrane_terminal_progress (terminal),
  };
  return work (&session, &options, error);
}
