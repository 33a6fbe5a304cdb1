/* terrane doctor */
#include "builder/doctor/doctor.h"

#include "builder/cli/command.h"
#include "builder/cli/option-tables.h"
#include "builder/cli/versions.h"
#include "builder/remote/interrupt.h"
#include "builder/remote/remote.h"
#include "builder/store/open.h"
#include "builder/version.h"

#include "oci/base/json.h"
#include "oci/reference.h"

typedef struct
{
  TerraneSandboxKind sandbox;
  char **registries; /* (nullable) */
  gboolean aws;
  TerraneRemoteArguments remote;
} DoctorOptions;

static guint
count_missing (const GPtrArray *symptoms)
{
  guint count = 0;
  for (guint i = 0; i < symptoms->len; i++)
    {
      const TerraneSymptom *symptom = symptoms->pdata[i];
      count += symptom->status == TERRANE_SYMPTOM_MISSING ? 1 : 0;
    }
  return count;
}

static TerraneColor
color_of (TerraneSymptomStatus status)
{
  return status == TERRANE_SYMPTOM_MISSING   ? TERRANE_COLOR_FAILURE
         : status == TERRANE_SYMPTOM_LIMITED ? TERRANE_COLOR_WARNING
                                             : TERRANE_COLOR_NONE;
}

/* Output of programs and text of files are shown without terminal control sequences. */
static void
print_symptom (const TerraneSymptom *symptom, const char **group)
{
  g_autofree char *found = terrane_harmless_line (symptom->found);
  if (g_strcmp0 (*group, symptom->group) != 0)
    terrane_print ("%s%s\n", *group != NULL ? "\n" : "", symptom->group);
  *group = symptom->group;
  g_autofree char *status = g_strdup_printf ("%-7s", terrane_symptom_status_name (symptom->status));
  terrane_print ("  ");
  terrane_print_colored (color_of (symptom->status), status);
  terrane_print ("  %-16s  %s\n", symptom->name, found);
  if (symptom->fix != NULL)
    terrane_print ("           → %s\n", symptom->fix);
}

static void
print_all (const GPtrArray *symptoms)
{
  const char *group = NULL;
  for (guint i = 0; i < symptoms->len; i++)
    print_symptom (symptoms->pdata[i], &group);
  terrane_print ("\nversions\n");
  terrane_versions_print ();
}

static void
on_notice (G_GNUC_UNUSED gpointer data, const char *message)
{
  terrane_print_error (message);
}

static GPtrArray *
examine (const TerraneGlobal *global, const DoctorOptions *options)
{
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  const OciHttpOptions http = { .user_agent = "terrane/" TERRANE_VERSION,
                                .insecure = options->remote.tls_verify == TERRANE_CHOICE_FALSE,
                                .timeout_ms = options->remote.timeout_ms,
                                .offline = global->offline,
                                .notice = on_notice };
  terrane_remote_protect ();
  g_autoptr (OciHttpClient) client = oci_http_client_new (&http);
  g_autofree char *store = terrane_store_default_path (global->store);
  const TerraneDoctor doctor = { .store = store,
                                 .sandbox = options->sandbox,
                                 .client = client,
                                 .registries = (const char *const *) options->registries,
                                 .aws = options->aws,
                                 .cancellable = terrane_interrupt_cancellable (interrupt) };
  return terrane_doctor_run (&doctor);
}

static gboolean
run_doctor (TerraneGlobal *global, const void *data, G_GNUC_UNUSED char **arguments, GError **error)
{
  const DoctorOptions *options = data;
  if (global->offline && (options->aws || options->registries != NULL))
    return oci_throw (error, OCI_ERROR_USAGE,
                      "doctor: --registry and --aws ask servers, which --offline forbids");
  g_autoptr (GPtrArray) symptoms = examine (global, options);
  guint missing = count_missing (symptoms);
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) document = json_object ();
      oci_json_set (document, "ok", json_boolean (missing == 0));
      oci_json_set (document, "symptoms", terrane_doctor_to_json (symptoms));
      oci_json_set (document, "versions", terrane_versions_to_json ());
      terrane_print_json (document);
    }
  else
    print_all (symptoms);
  return missing == 0
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "%u %s missing that a build needs; the lines above say what to do", missing,
                       missing == 1 ? "thing is" : "things are");
}

static gboolean
check_registry (const char *text, GError **error)
{
  g_autoptr (OciReference) reference = oci_reference_parse (text, error);
  return reference != NULL;
}

static const TerraneOption doctor_options[] = {
  { .name = "registry",
    .kind = TERRANE_OPTION_LIST,
    .target = offsetof (DoctorOptions, registries),
    .metavar = "HOST/REPOSITORY",
    .check = check_registry,
    .help = "Ask this registry, with the credentials that a build would use" },
  { .name = "aws",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (DoctorOptions, aws),
    .help = "Get AWS credentials from their source, which may ask servers of AWS" },
  TERRANE_OPTION_END,
};

static const TerraneOptionGroup doctor_groups[] = {
  { .rows = doctor_options },
  { .rows = terrane_sandbox_options, .offset = offsetof (DoctorOptions, sandbox) },
  { .rows = terrane_remote_options, .offset = offsetof (DoctorOptions, remote) },
  { .rows = NULL },
};

const TerraneCommand terrane_command_doctor = {
  .name = "doctor",
  .arguments = "",
  .summary = "Report what this machine can do, and how to enable the rest",
  .description =
      "Tries namespaces, the sandbox, the store's file system, programs, certificates and "
      "credentials. What is limited or missing has a line that says what to do. The exit code is 1 "
      "when something is missing that a build needs. Without --registry and --aws nothing goes to "
      "the network. No secret is shown.",
  .examples = "doctor profile.json",
  .scopes = TERRANE_SCOPE_STORE | TERRANE_SCOPE_NETWORK,
  .options = doctor_groups,
  .size = sizeof (DoctorOptions),
  .run = run_doctor,
};
