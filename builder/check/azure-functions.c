/* https://learn.microsoft.com/azure/azure-functions/functions-custom-handlers */
#include "builder/check/azure-functions.h"

#include "builder/check/report.h"

#include <string.h>

#define DEFAULT_ROOT "/home/site/wwwroot"

enum
{
  MAX_HOST_JSON_BYTES = 1024 * 1024,
};

typedef struct
{
  const TerraneImageView *view;
  TerraneFindings *findings;
  const char *root_path;
  const TerraneNode *root; /* the directory with host.json */
} Check;

static void
check_platform (const Check *self)
{
  const char *os = oci_image_config_os (self->view->config);
  const char *architecture = oci_image_config_architecture (self->view->config);
  if (g_strcmp0 (os, "linux") == 0 && g_strcmp0 (architecture, "amd64") == 0)
    return;
  g_autofree char *platform = oci_image_config_platform_text (self->view->config);
  g_autofree char *quoted = oci_quote (platform);
  terrane_report_finding (self->view, self->findings, "azure-functions.wrong-architecture",
                          TERRANE_SEVERITY_ERROR, NULL, NULL,
                          "the image is for %s, Azure Functions runs linux/amd64", quoted);
}

/* A file of the application, or a program of PATH such as "python3". */
static void
check_executable (const Check *self, const TerraneNode *host, const char *program)
{
  g_autofree char *quoted = oci_quote (program);
  const TerraneNode *node = terrane_node_child (self->root, program, strlen (program));
  if (node == NULL)
    node = terrane_image_view_program (self->view, self->root_path, program);
  if (node == NULL)
    terrane_report_finding (
        self->view, self->findings, "azure-functions.program-missing", TERRANE_SEVERITY_ERROR, host,
        NULL,
        "customHandler.description.defaultExecutablePath: %s is neither beside host.json nor in "
        "PATH",
        quoted);
  else if (node->type == OCI_ENTRY_DIRECTORY
           || (node->type == OCI_ENTRY_FILE && (node->mode & 0111) == 0))
    terrane_report_finding (
        self->view, self->findings, "azure-functions.program-missing", TERRANE_SEVERITY_ERROR, node,
        "chmod 755", "customHandler.description.defaultExecutablePath: %s cannot be executed",
        quoted);
}

static void
check_runtime (const Check *self, const TerraneNode *host)
{
  g_autofree char *runtime = terrane_image_view_env (self->view, "FUNCTIONS_WORKER_RUNTIME");
  g_autofree char *quoted = oci_quote (runtime);
  if (runtime != NULL && strcmp (runtime, "custom") != 0)
    terrane_report_finding (
        self->view, self->findings, "azure-functions.worker-runtime", TERRANE_SEVERITY_WARNING,
        host,
        "config.env: \"FUNCTIONS_WORKER_RUNTIME\": \"custom\", unless the app's settings say so",
        "host.json has a custom handler, and FUNCTIONS_WORKER_RUNTIME of the image is %s", quoted);
}

static void
check_functions (const Check *self)
{
  for (guint i = 0; i < self->root->children->len; i++)
    {
      const TerraneNode *node = self->root->children->pdata[i];
      if (node->type == OCI_ENTRY_DIRECTORY
          && terrane_node_child (node, "function.json", strlen ("function.json")) != NULL)
        return;
    }
  terrane_report_finding (
      self->view, self->findings, "azure-functions.no-function", TERRANE_SEVERITY_WARNING,
      self->root, "a directory for each function, with its function.json",
      "no directory here has a function.json, and a custom handler needs one a function");
}

static void
check_handler (const Check *self, const TerraneNode *host, const json_t *handler)
{
  const json_t *description = json_object_get (handler, "description");
  const char *program = json_string_value (json_object_get (description, "defaultExecutablePath"));
  if (program == NULL || program[0] == '\0')
    terrane_report_finding (self->view, self->findings, "azure-functions.host-json",
                            TERRANE_SEVERITY_ERROR, host, NULL,
                            "customHandler.description.defaultExecutablePath: missing");
  else
    check_executable (self, host, program);
  check_runtime (self, host);
  check_functions (self);
}

static gboolean
check_host (const Check *self, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GError) local = NULL;
  OciJson root;
  const TerraneNode *host = terrane_node_child (self->root, "host.json", strlen ("host.json"));
  if (!terrane_image_view_read (self->view, host, MAX_HOST_JSON_BYTES, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    {
      terrane_report_finding (self->view, self->findings, "azure-functions.host-json",
                              TERRANE_SEVERITY_ERROR, self->root, NULL,
                              "there is no host.json here");
      return TRUE;
    }
  g_autoptr (OciJsonDocument) document =
      oci_json_parse ("host.json", bytes, OCI_ERROR_FORMAT, &root, &local);
  if (document == NULL || !json_is_object (root.value))
    {
      terrane_report_finding (self->view, self->findings, "azure-functions.host-json",
                              TERRANE_SEVERITY_ERROR, host, NULL, "%s",
                              local != NULL ? local->message : "host.json: expected an object");
      return TRUE;
    }
  const json_t *handler = json_object_get (root.value, "customHandler");
  if (handler != NULL)
    check_handler (self, host, handler);
  return TRUE;
}

gboolean
terrane_check_azure_functions (const TerraneCheck *check,
                               G_GNUC_UNUSED const TerraneCheckFacts *facts,
                               TerraneFindings *findings, GError **error)
{
  const TerraneImageView *view = check->view;
  g_autofree char *variable = terrane_image_view_env (view, "AzureWebJobsScriptRoot");
  const char *path = variable != NULL ? variable : DEFAULT_ROOT;
  Check self = { .view = view,
                 .findings = findings,
                 .root_path = path,
                 .root = terrane_tree_follow (view->tree, path) };
  g_autofree char *quoted = oci_quote (path);
  check_platform (&self);
  if (self.root == NULL || self.root->type != OCI_ENTRY_DIRECTORY)
    {
      terrane_report_finding (self.view, self.findings, "azure-functions.script-root",
                              TERRANE_SEVERITY_ERROR, NULL, NULL,
                              "AzureWebJobsScriptRoot: %s is not a directory in the image", quoted);
      return TRUE;
    }
  if (variable == NULL)
    terrane_report_finding (
        self.view, self.findings, "azure-functions.script-root", TERRANE_SEVERITY_WARNING, NULL,
        "config.env: \"AzureWebJobsScriptRoot\": \"" DEFAULT_ROOT "\"",
        "AzureWebJobsScriptRoot is not set: where the Functions host looks is chance");
  return check_host (&self, error);
}
