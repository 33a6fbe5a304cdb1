/* terrane deploy */
#include "builder/deploy/deploy.h"

#include "builder/cli/deploy-layer.h"
#include "builder/cli/deploy-report.h"
#include "builder/cli/destination.h"
#include "builder/cli/load-profile.h"
#include "builder/cli/record-file.h"
#include "builder/cli/reference.h"
#include "builder/cli/workbench.h"
#include "builder/remote/interrupt.h"
#include "builder/version.h"

#include <string.h>

#define DAY_MS (UINT64_C (24) * 3600 * 1000)
#define QUARTER_MS (UINT64_C (15) * 60 * 1000)

/* Options for a function without a profile. */
typedef struct
{
  char *function; /* (nullable): then everything else is empty, too */
  char *alias;    /* (nullable), like the other texts */
  char *region;
  char *role;
  char *external_id;
  char *repository;
  char *tag;
  char **steps;
  char **smoke; /* files */
  uint64_t wait_ms;
  uint64_t init_ms;
  gboolean change_architecture;
} FunctionOptions;

typedef struct
{
  char *image;    /* (nullable) */
  char *record;   /* (nullable) */
  char *platform; /* (nullable) */
  gboolean dry_run;
  FunctionOptions function;
  TerraneLayerArguments layer;
  unsigned jobs;
  TerranePushArguments push;
  TerraneRemoteArguments remote;
} DeployOptions;

/* The image to deploy, and its targets. */
typedef struct
{
  TerraneProfile *profile; /* (nullable) */
  TerraneDeploySpec spec;  /* without a profile */
  char *image;             /* as given on the command line or in the profile */
  char *platform;          /* (nullable) */
  GPtrArray *targets;
} Plan;

static void
plan_clear (Plan *self)
{
  terrane_profile_free (self->profile);
  terrane_section_clear (&terrane_deploy_section, &self->spec);
  g_free (self->image);
  g_free (self->platform);
  g_clear_pointer (&self->targets, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Plan, plan_clear)

/* Returns the options in the form of a profile, so that the same rules apply. */
static json_t *
options_to_json (const FunctionOptions *options)
{
  json_t *object = json_object ();
  oci_json_set_text (object, "function", options->function);
  oci_json_set_text (object, "alias", options->alias);
  oci_json_set_text (object, "region", options->region);
  oci_json_set_text (object, "role", options->role);
  oci_json_set_text (object, "external_id", options->external_id);
  oci_json_set_text (object, "repository", options->repository);
  oci_json_set_text (object, "tag", options->tag);
  oci_json_set (object, "change_architecture", json_boolean (options->change_architecture));
  if (options->steps == NULL)
    return object;
  json_t *steps = json_array ();
  for (char **step = options->steps; *step != NULL; step++)
    oci_json_append (steps, oci_json_text (*step));
  oci_json_set (object, "steps", steps);
  return object;
}

static gboolean
read_options (const FunctionOptions *options, TerraneDeploySpec *spec, GError **error)
{
  OciJson root;
  const TerraneProfileReader reader = { .provenance = NULL }; /* for paths, but there are none */
  g_autoptr (OciJsonDocument) document =
      oci_json_document_new ("deploy", options_to_json (options), OCI_ERROR_USAGE, &root);
  (void) terrane_section_read (&terrane_deploy_section, &reader, &root, spec);
  if (!oci_json_document_finish (document, error))
    return FALSE;
  for (char **path = options->smoke; path != NULL && *path != NULL; path++)
    {
      TerraneSmokeSpec *smoke = g_new0 (TerraneSmokeSpec, 1);
      smoke->invoke.where = g_strconcat ("--smoke ", *path, NULL);
      smoke->invoke.event_path = g_strdup (*path);
      g_ptr_array_add (spec->common.smoke, smoke);
    }
  spec->common.wait_ms = options->wait_ms;
  spec->common.init_ms = options->init_ms;
  return TRUE;
}

/* Returns the repository that the profile pushes to, unless it depends on the lock. */
static const char *
push_repository (const Plan *plan)
{
  const char *repository = plan->profile != NULL ? plan->profile->push.repository : NULL;
  return repository != NULL && !terrane_profile_wants_lock (repository) ? repository : NULL;
}

static gboolean
resolve_targets (Plan *plan, const TerraneDeploySpec *spec, const char *repository, GError **error)
{
  g_autofree char *region = NULL;
  if (!terrane_deploy_default_region (&region, error))
    return FALSE;
  plan->targets = terrane_deploy_spec_resolve (spec, region, repository, error);
  return plan->targets != NULL;
}

/* Returns the first option about an image's function, or NULL. */
static const char *
function_option (const FunctionOptions *options)
{
  return options->function != NULL      ? "--function"
         : options->alias != NULL       ? "--alias"
         : options->region != NULL      ? "--region"
         : options->role != NULL        ? "--role"
         : options->external_id != NULL ? "--external-id"
         : options->repository != NULL  ? "--repository"
         : options->tag != NULL         ? "--tag"
         : options->steps != NULL       ? "--step"
         : options->smoke != NULL       ? "--smoke"
         : options->wait_ms > 0         ? "--wait"
         : options->init_ms > 0         ? "--init-duration"
         : options->change_architecture ? "--change-architecture"
                                        : NULL;
}

static gboolean
plan_profile (Plan *plan, const char *path, const DeployOptions *options, GError **error)
{
  plan->profile = terrane_command_load_profile (path, options->platform, error);
  if (plan->profile == NULL)
    return FALSE;
  const char *option = function_option (&options->function);
  if (option != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "deploy: %s is for images; a profile says it in its ‘deploy’", option);
  if (!terrane_deploy_spec_is_given (&plan->profile->deploy))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: the profile has no ‘deploy’, which says where to; add \"deploy\": "
                      "{\"function\": \"NAME\", \"region\": \"REGION\"}, see terrane-profile(5)",
                      path);
  plan->image = g_strdup (options->image != NULL ? options->image : plan->profile->name);
  plan->platform = oci_platform_text (&plan->profile->platform);
  OCI_PREFIX (error, "%s: deploy", path);
  return resolve_targets (plan, &plan->profile->deploy, push_repository (plan), error);
}

static gboolean
plan_image (Plan *plan, const char *image, const DeployOptions *options, GError **error)
{
  if (options->image != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "deploy: --image is for profiles; the image is the argument");
  if (options->function.function == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "deploy: an image needs --function NAME; or give a profile with ‘deploy’");
  if (options->function.init_ms > 0 && options->function.smoke == NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "deploy: --init-duration is measured by events; give one with --smoke FILE");
  plan->image = g_strdup (image);
  plan->platform = g_strdup (options->platform);
  g_autofree char *repository = NULL;
  if (g_str_has_prefix (image, OCI_REFERENCE_SCHEME))
    {
      g_autoptr (OciReference) reference = terrane_reference_parse_source (image, error);
      if (reference == NULL)
        return FALSE;
      repository = g_strconcat (reference->host, "/", reference->repository, NULL);
    }
  return read_options (&options->function, &plan->spec, error)
         && resolve_targets (plan, &plan->spec, repository, error);
}

/* The state of one run. */
typedef struct
{
  const DeployOptions *options;
  TerraneWorkbench *bench;
  OciHttpClient *client;
  TerraneOpenImage *image;
  TerraneDeploy *deploy;
  json_t *record; /* (nullable) */
} Session;

static void
session_clear (Session *self)
{
  g_clear_pointer (&self->deploy, terrane_deploy_free);
  g_clear_pointer (&self->image, terrane_open_image_free);
  g_clear_pointer (&self->client, oci_http_client_free);
  json_decref (self->record);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Session, session_clear)

static void
on_notice (gpointer data, const char *message)
{
  terrane_progress_warn (data, "%s", message);
}

static gboolean
open_image (Session *self, const Plan *plan, GError **error)
{
  self->image = terrane_workbench_open_image (self->bench, plan->image, plan->platform,
                                              TERRANE_IMAGE_DOCUMENTS, error);
  if (self->image != NULL)
    return TRUE;
  if (plan->profile != NULL && self->options->image == NULL && error != NULL
      && g_error_matches (*error, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    g_prefix_error (
        error, "the image of %s is not built; 'terrane build' does that: ", plan->profile->path);
  return FALSE;
}

static gboolean
open_session (Session *self, const Plan *plan, GError **error)
{
  const DeployOptions *options = self->options;
  OciDigestText digest;
  const OciHttpOptions http = {
    .user_agent = "terrane/" TERRANE_VERSION,
    .insecure = options->remote.tls_verify == TERRANE_CHOICE_FALSE,
    .offline = self->bench->global->offline,
    .notice = on_notice,
    .notice_data = (gpointer) self->bench->progress,
  };
  if (!open_image (self, plan, error))
    return FALSE;
  oci_digest_text (&self->image->descriptor->digest, digest);
  if (options->record != NULL)
    {
      self->record = terrane_record_file_load (options->record, digest, error);
      if (self->record == NULL)
        return FALSE;
    }
  if (plan->profile != NULL && plan->profile->target != TERRANE_TARGET_AWS_LAMBDA)
    terrane_progress_warn (self->bench->progress,
                           "the target of %s is not aws-lambda, so that its build did not look at "
                           "what Lambda refuses",
                           plan->profile->path);
  self->client = oci_http_client_new (&http); /* without a limit: steps may take hours */
  const TerraneDeployOptions deploy = {
    .digest = &self->image->descriptor->digest,
    .architecture = oci_image_config_architecture (self->image->config),
    .targets = plan->targets,
    .reference = self->image->reference,
    .progress = self->bench->progress,
  };
  if (deploy.architecture == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "the image does not say for which processor it is");
  self->deploy = terrane_deploy_new (self->client, &deploy, error);
  return self->deploy != NULL;
}

static gboolean
push (const char *reference, gpointer data, json_t **out_report, GError **error)
{
  const Session *self = data;
  g_autofree char *text = g_strconcat (OCI_REFERENCE_SCHEME, reference, NULL);
  g_autoptr (OciReference) destination =
      terrane_reference_parse_push (text, self->options->push.create_repository, error);
  return destination != NULL
         && terrane_destination_push (self->bench->remote, self->image->layout,
                                      self->image->descriptor, destination, &self->options->push,
                                      out_report, error);
}

typedef gboolean (*Part) (TerraneDeploy *deploy, GCancellable *cancellable, GError **error);

static gboolean
run_part (const Session *self, Part part, GError **error)
{
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  return part (self->deploy, terrane_interrupt_cancellable (interrupt), error);
}

static gboolean
deploy (Session *self, GError **error)
{
  if (self->options->dry_run)
    {
      g_autoptr (OciJsonValue) plan = terrane_deploy_plan (self->deploy);
      terrane_workbench_show (self->bench, plan, terrane_deploy_report_print_plan);
      return TRUE;
    }
  gboolean ok = run_part (self, terrane_deploy_inspect, error)
                && terrane_deploy_push (self->deploy, push, self, error)
                && run_part (self, terrane_deploy_go, error);
  g_autoptr (OciJsonValue) report = terrane_deploy_report (self->deploy);
  if (self->record != NULL)
    {
      oci_json_set (self->record, "deploy", json_incref (json_object_get (report, "deployments")));
      ok = terrane_record_file_keep (self->options->record, self->record, ok, self->bench->progress,
                                     error);
    }
  terrane_terminal_finish_phase (self->bench->terminal);
  if (self->bench->global->output.json)
    terrane_print_json (report);
  else if (ok)
    terrane_deploy_report_print (report);
  return ok;
}

/* --layer is about zips: options about images are refused. */
static gboolean
run_layer (const TerraneGlobal *global, const DeployOptions *options, char **files, GError **error)
{
  FunctionOptions function = options->function;
  function.role = function.external_id = NULL;
  const char *foreign = options->image != NULL      ? "--image"
                        : options->platform != NULL ? "--platform"
                                                    : function_option (&function);
  const TerraneLayerRun run = { .arguments = &options->layer,
                                .role = options->function.role,
                                .external_id = options->function.external_id,
                                .record = options->record,
                                .dry_run = options->dry_run,
                                .remote = &options->remote };
  if (foreign != NULL)
    return oci_throw (error, OCI_ERROR_USAGE, "deploy: %s does not go with --layer%s", foreign,
                      strcmp (foreign, "--region") == 0 ? ", which has --regions" : "");
  return terrane_deploy_layer (global, &run, files, error);
}

static gboolean
run_deploy (TerraneGlobal *global, const void *data, char **arguments, GError **error)
{
  const DeployOptions *options = data;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_auto (Plan) plan = { 0 };
  g_auto (Session) session = { .options = options, .bench = &bench };
  if (options->layer.name != NULL)
    return run_layer (global, options, arguments, error);
  if (arguments[1] != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "deploy: one profile or image at a time; several files require --layer");
  terrane_section_init (&terrane_deploy_section, &plan.spec);
  if (!(terrane_command_is_profile (arguments[0])
            ? plan_profile (&plan, arguments[0], options, error)
            : plan_image (&plan, arguments[0], options, error)))
    return FALSE;
  return terrane_workbench_open (global, &options->remote, options->jobs, &bench, error)
         && open_session (&session, &plan, error) && deploy (&session, error);
}

#define OPTION(member) offsetof (DeployOptions, member)
#define FUNCTION(member) offsetof (FunctionOptions, member)

static const TerraneOption deploy_options[] = {
  { .name = "dry-run",
    .kind = TERRANE_OPTION_FLAG,
    .target = OPTION (dry_run),
    .excludes = "record",
    .help = "Print the calls, make none" },
  { .name = "image",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (image),
    .metavar = "IMAGE",
    .help = "Instead of the profile's image in the store" },
  { .name = "record",
    .kind = TERRANE_OPTION_FILE,
    .target = OPTION (record),
    .metavar = "FILE",
    .check = terrane_record_file_check,
    .help = "Add what was done to the record of the build, or write one" },
  { .name = "function",
    .kind = TERRANE_OPTION_TEXT,
    .target = OPTION (function.function),
    .metavar = "NAME",
    .help = "Of an image: the function, by name or ARN" },
  TERRANE_OPTION_END,
};

static const TerraneOption function_options[] = {
  { .name = "alias",
    .kind = TERRANE_OPTION_TEXT,
    .target = FUNCTION (alias),
    .metavar = "NAME",
    .help = "The alias that events come through (default live)" },
  { .name = "region",
    .kind = TERRANE_OPTION_TEXT,
    .target = FUNCTION (region),
    .metavar = "REGION",
    .help = "The function's region" },
  { .name = "role",
    .kind = TERRANE_OPTION_TEXT,
    .target = FUNCTION (role),
    .metavar = "ARN",
    .help = "A role to take on" },
  { .name = "external-id",
    .kind = TERRANE_OPTION_TEXT,
    .target = FUNCTION (external_id),
    .metavar = "ID",
    .help = "What the role's trust policy asks for" },
  { .name = "repository",
    .kind = TERRANE_OPTION_TEXT,
    .target = FUNCTION (repository),
    .metavar = "HOST/NAME",
    .help = "Where in Amazon ECR the image is to be" },
  { .name = "tag",
    .kind = TERRANE_OPTION_TEXT,
    .target = FUNCTION (tag),
    .metavar = "TAG",
    .help = "The tag that it gets there" },
  { .name = "step",
    .kind = TERRANE_OPTION_LIST,
    .target = FUNCTION (steps),
    .metavar = "PERCENT",
    .help = "Part of the events that the new version gets next; the last one is 100%" },
  { .name = "wait",
    .kind = TERRANE_OPTION_DURATION,
    .target = FUNCTION (wait_ms),
    .metavar = "TIME",
    .max = DAY_MS,
    .help = "After each step but the last one (default 5m)" },
  { .name = "smoke",
    .kind = TERRANE_OPTION_FILES,
    .target = FUNCTION (smoke),
    .metavar = "FILE",
    .help = "An event that the new version must answer" },
  { .name = "init-duration",
    .kind = TERRANE_OPTION_DURATION,
    .target = FUNCTION (init_ms),
    .metavar = "TIME",
    .max = QUARTER_MS,
    .help = "Longest initialisation that such an event may meet" },
  { .name = "change-architecture",
    .kind = TERRANE_OPTION_FLAG,
    .target = FUNCTION (change_architecture),
    .help = "Move the function to the image's architecture" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup deploy_groups[] = {
  { .rows = deploy_options },
  { .rows = function_options, .offset = OPTION (function) },
  { .rows = terrane_layer_options, .offset = OPTION (layer) },
  { .rows = terrane_platform_options, .offset = OPTION (platform) },
  { .rows = terrane_push_options, .offset = OPTION (push) },
  { .rows = terrane_transfer_jobs_options, .offset = OPTION (jobs) },
  { .rows = terrane_remote_options, .offset = OPTION (remote) },
  { .rows = NULL },
};

const TerraneCommand terrane_command_deploy = {
  .name = "deploy",
  .arguments = "PROFILE|IMAGE\n--layer NAME ZIP…",
  .summary = "Move Lambda functions to an image, step by step",
  .description =
      "Pushes the image where it is missing, updates the function, publishes a version, tries it "
      "with events, and moves the alias to it in steps. What fails moves the events back to the "
      "version before. Functions, roles and permissions are not created. The AWS credentials of "
      "the environment are used. docs/deploy.md has all of it.\n"
      "With --layer, zips that ‘build --output lambda-layer:FILE’ wrote become versions of a layer "
      "in each region; several become NAME-1, NAME-2 and so on. --record is that build's and gets "
      "the ARNs.",
  .examples = "deploy --record record.json profile.json\n"
              "deploy --layer geo --regions eu-west-1,us-east-1 geo.zip",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_IMAGE_OR_PROFILE },
  .options = deploy_groups,
  .size = sizeof (DeployOptions),
  .run = run_deploy,
};
