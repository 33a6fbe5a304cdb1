/* https://cloud.google.com/run/docs/container-contract */
#include "builder/check/cloud-run.h"

#include "builder/check/report.h"

#include "builder/facts/program-file.h"

#include <string.h>

static void
check_platform (const TerraneImageView *view, TerraneFindings *findings)
{
  const char *os = oci_image_config_os (view->config);
  const char *architecture = oci_image_config_architecture (view->config);
  if (g_strcmp0 (os, "linux") == 0 && g_strcmp0 (architecture, "amd64") == 0)
    return;
  g_autofree char *platform = oci_image_config_platform_text (view->config);
  g_autofree char *quoted = oci_quote (platform);
  terrane_findings_report (findings, "cloud-run.wrong-architecture", TERRANE_SEVERITY_ERROR, NULL,
                           "the image is for %s, Cloud Run runs linux/amd64", quoted);
}

static gboolean
check_program (const TerraneImageView *view, TerraneFindings *findings, GError **error)
{
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (view->config);
  g_auto (GStrv) cmd = oci_image_config_cmd (view->config);
  const char *key = entrypoint[0] != NULL ? "entrypoint" : "cmd";
  const char *program = entrypoint[0] != NULL ? entrypoint[0] : cmd[0];
  const char *working_dir = oci_image_config_working_dir (view->config);
  if (program == NULL)
    {
      terrane_findings_report (findings, "cloud-run.program-missing", TERRANE_SEVERITY_ERROR, NULL,
                               "config.entrypoint: missing, and there is no command either");
      return TRUE;
    }
  const char *directory = working_dir != NULL && working_dir[0] == '/' ? working_dir : "/";
  const TerraneNode *node = terrane_image_view_program (view, directory, program);
  g_autofree char *problem = NULL, *fix = NULL;
  g_autofree char *quoted = oci_quote (program);
  if (node == NULL)
    terrane_findings_report (findings, "cloud-run.program-missing", TERRANE_SEVERITY_ERROR, NULL,
                             "config.%s: %s is not in the image", key, quoted);
  else if (node->type != OCI_ENTRY_FILE || (node->mode & 0111) == 0)
    terrane_findings_report (findings, "cloud-run.program-not-executable", TERRANE_SEVERITY_ERROR,
                             "chmod 755", "config.%s: %s is not a file that can be executed", key,
                             quoted);
  else if (!terrane_program_file_problem (view, node, directory, &problem, &fix, error))
    return FALSE;
  if (problem != NULL)
    terrane_report_finding (view, findings, "cloud-run.program-script", TERRANE_SEVERITY_ERROR,
                            node, fix, "config.%s: %s %s", key, quoted, problem);
  return TRUE;
}

static void
check_working_dir (const TerraneImageView *view, TerraneFindings *findings)
{
  const char *path = oci_image_config_working_dir (view->config);
  const TerraneNode *node =
      path != NULL && path[0] != '\0' ? terrane_tree_follow (view->tree, path) : NULL;
  g_autofree char *quoted = oci_quote (path);
  if (path != NULL && path[0] != '\0' && (node == NULL || node->type != OCI_ENTRY_DIRECTORY))
    terrane_findings_report (findings, "cloud-run.working-directory", TERRANE_SEVERITY_ERROR, NULL,
                             "config.working_dir: %s is not a directory in the image", quoted);
}

static void
check_environment (const TerraneImageView *view, TerraneFindings *findings)
{
  static const char *const reserved[] = { "PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION",
                                          NULL };
  g_auto (GStrv) env = oci_image_config_env (view->config);
  for (char **variable = env; *variable != NULL; variable++)
    {
      g_autofree char *name = g_strndup (*variable, strcspn (*variable, "="));
      g_autofree char *quoted = oci_quote (name);
      if (g_strv_contains (reserved, name) || g_str_has_prefix (name, "CLOUD_RUN_"))
        terrane_findings_report (
            findings, "cloud-run.reserved-variable", TERRANE_SEVERITY_WARNING,
            "remove it from the image",
            "config.env: Cloud Run sets %s itself, so the image's value has no effect", quoted);
    }
}

gboolean
terrane_check_cloud_run (const TerraneCheck *check, G_GNUC_UNUSED const TerraneCheckFacts *facts,
                         TerraneFindings *findings, GError **error)
{
  check_platform (check->view, findings);
  if (!check_program (check->view, findings, error))
    return FALSE;
  check_working_dir (check->view, findings);
  check_environment (check->view, findings);
  return TRUE;
}
