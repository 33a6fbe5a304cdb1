#include "builder/check/lambda.h"

#include "builder/check/report.h"

#include "builder/check/file-group.h"
#include "builder/check/lambda-handler.h"
#include "builder/facts/program-file.h"

#include "oci/base/number.h"
#include "oci/base/path.h"

#include <string.h>

enum
{
  MAX_ENVIRONMENT_BYTES = 4 * 1024,
};

#define MAX_IMAGE_BYTES (UINT64_C (10) * 1024 * 1024 * 1024)

/* @entry: the program, without following links */
static gboolean
refuse_link (const TerraneNode *entry, const char *quoted, TerraneFindings *findings)
{
  if (entry == NULL || entry->type != OCI_ENTRY_SYMLINK)
    return FALSE;
  g_autofree char *target = oci_quote (entry->target);
  terrane_findings_report (findings, "lambda.entrypoint-symlink", TERRANE_SEVERITY_ERROR,
                           "name the file itself",
                           "config.entrypoint: %s is a symbolic link to %s, which Lambda refuses "
                           "(Runtime.InvalidEntrypoint)",
                           quoted, target);
  return TRUE;
}

/* Returns: (nullable): the advice if the missing command is a handler, "app.handler" */
static const char *
fix_of_command (const char *program)
{
  if (strchr (program, '/') != NULL || strchr (program, '.') == NULL)
    return NULL;
  return "a handler needs a \"config\" with an \"entrypoint\" that starts a runtime interface "
         "client, "
         "such as [\"/usr/bin/python3\", \"-m\", \"awslambdaric\"]";
}

/* @key: member of the configuration that names @program; @node: (nullable): its target; @fix:
 * (nullable): advice if there is no target */
static void
check_file (const char *key, const char *quoted, const TerraneNode *node, const char *fix,
            TerraneFindings *findings)
{
  if (node == NULL)
    terrane_findings_report (findings, "lambda.entrypoint-missing", TERRANE_SEVERITY_ERROR, fix,
                             "config.%s: %s is not in the image", key, quoted);
  else if (node->type != OCI_ENTRY_FILE || (node->mode & 0005) != 0005)
    terrane_findings_report (
        findings, "lambda.entrypoint-not-executable", TERRANE_SEVERITY_ERROR, "chmod 755",
        "config.%s: %s is not a file that every user may read and execute", key, quoted);
}

/* Whether the kernel of Lambda can start @node, which exists. */
static gboolean
check_script (const TerraneImageView *view, const char *key, const char *quoted,
              const TerraneNode *node, TerraneFindings *findings, GError **error)
{
  const char *working_dir = oci_image_config_working_dir (view->config);
  g_autofree char *problem = NULL, *fix = NULL;
  if (node == NULL || node->type != OCI_ENTRY_FILE || (node->mode & 0005) != 0005)
    return TRUE; /* check_file() has reported it */
  if (!terrane_program_file_problem (
          view, node, working_dir != NULL && working_dir[0] == '/' ? working_dir : "/", &problem,
          &fix, error))
    return FALSE;
  if (problem != NULL)
    terrane_report_finding (view, findings, "lambda.entrypoint-script", TERRANE_SEVERITY_ERROR,
                            node, fix, "config.%s: %s %s (Runtime.InvalidEntrypoint)", key, quoted,
                            problem);
  return TRUE;
}

static gboolean
check_program (const TerraneImageView *view, const char *program, TerraneFindings *findings,
               GError **error)
{
  g_autofree char *quoted = oci_quote (program);
  if (program[0] != '/')
    {
      terrane_findings_report (findings, "lambda.entrypoint-relative", TERRANE_SEVERITY_ERROR, NULL,
                               "config.entrypoint: %s is not an absolute path", quoted);
      return TRUE;
    }
  const TerraneNode *entry = terrane_tree_lookup (view->tree, program + strspn (program, "/"));
  const TerraneNode *node = terrane_tree_follow (view->tree, program);
  if (!refuse_link (entry, quoted, findings))
    check_file ("entrypoint", quoted, node, NULL, findings);
  return check_script (view, "entrypoint", quoted, node, findings, error);
}

/* Without an entrypoint the command is started, as in images with the Lambda Web Adapter:
 * ["gunicorn", "app:app"], searched for in PATH. */
static gboolean
check_command (const TerraneImageView *view, const char *program, TerraneFindings *findings,
               GError **error)
{
  g_autofree char *quoted = oci_quote (program);
  const char *working_dir = oci_image_config_working_dir (view->config);
  const char *directory = working_dir != NULL && working_dir[0] == '/' ? working_dir : "/";
  const TerraneNode *node = terrane_image_view_program (view, directory, program);
  check_file ("cmd", quoted, node, fix_of_command (program), findings);
  return check_script (view, "cmd", quoted, node, findings, error);
}

static const char *
base_name (const char *program)
{
  const char *slash = strrchr (program, '/');
  return slash != NULL ? slash + 1 : program;
}

/* Whether @program is known to run code that only fetches events with a client. */
static gboolean
is_interpreter (const char *program)
{
  const char *name = base_name (program);
  return g_str_has_prefix (name, "python") || strcmp (name, "node") == 0
         || strcmp (name, "ruby") == 0 || strcmp (name, "lambda-entrypoint.sh") == 0;
}

/* Compiled handlers, ["/main"], need no command; AWS's clients take the handler from the next word,
 * wherever it is. */
static gboolean
lacks_handler (char **entrypoint)
{
  guint last = g_strv_length (entrypoint) - 1;
  if (!is_interpreter (entrypoint[0]))
    return FALSE;
  return last == 0 || strcmp (base_name (entrypoint[last]), "awslambdaric") == 0
         || strcmp (base_name (entrypoint[last]), "aws-lambda-ric") == 0
         || entrypoint[last][0] == '-';
}

static gboolean
check_entrypoint (const TerraneImageView *view, TerraneFindings *findings, GError **error)
{
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (view->config);
  g_auto (GStrv) cmd = oci_image_config_cmd (view->config);
  if (entrypoint[0] == NULL && cmd[0] == NULL)
    {
      terrane_findings_report (
          findings, "lambda.entrypoint-missing", TERRANE_SEVERITY_ERROR, NULL,
          "config.entrypoint: missing, and so is config.cmd; Lambda has nothing to start");
      return TRUE;
    }
  if (entrypoint[0] == NULL)
    return check_command (view, cmd[0], findings, error);
  if (cmd[0] == NULL && lacks_handler (entrypoint))
    terrane_findings_report (
        findings, "lambda.no-command", TERRANE_SEVERITY_ERROR, NULL,
        "config.cmd: missing; the runtime takes the handler from it, such as \"handler.handler\"");
  return check_program (view, entrypoint[0], findings, error);
}

static void
check_reserved (const char *variable, TerraneFindings *findings)
{
  static const char *const reserved[] = { "_HANDLER",
                                          "_X_AMZN_TRACE_ID",
                                          "AWS_ACCESS_KEY",
                                          "AWS_ACCESS_KEY_ID",
                                          "AWS_DEFAULT_REGION",
                                          "AWS_EXECUTION_ENV",
                                          "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                                          "AWS_LAMBDA_FUNCTION_NAME",
                                          "AWS_LAMBDA_FUNCTION_VERSION",
                                          "AWS_LAMBDA_INITIALIZATION_TYPE",
                                          "AWS_LAMBDA_LOG_GROUP_NAME",
                                          "AWS_LAMBDA_LOG_STREAM_NAME",
                                          "AWS_LAMBDA_RUNTIME_API",
                                          "AWS_REGION",
                                          "AWS_SECRET_ACCESS_KEY",
                                          "AWS_SESSION_TOKEN",
                                          NULL };
  g_autofree char *name = g_strndup (variable, strcspn (variable, "="));
  if (g_strv_contains (reserved, name))
    terrane_findings_report (
        findings, "lambda.reserved-variable", TERRANE_SEVERITY_WARNING, "remove it from the image",
        "config.env: Lambda sets %s itself, so the image's value has no effect", name);
}

static void
check_environment (const TerraneImageView *view, TerraneFindings *findings)
{
  g_auto (GStrv) env = oci_image_config_env (view->config);
  size_t total = 0;
  for (char **variable = env; *variable != NULL; variable++)
    {
      total += strlen (*variable) - (strchr (*variable, '=') != NULL);
      check_reserved (*variable, findings);
    }
  if (total > MAX_ENVIRONMENT_BYTES)
    terrane_findings_report (findings, "lambda.environment-size", TERRANE_SEVERITY_ERROR, NULL,
                             "config.env: %zu bytes of names and values, Lambda takes %d", total,
                             MAX_ENVIRONMENT_BYTES);
}

static void
check_working_dir (const TerraneImageView *view, TerraneFindings *findings)
{
  const char *path = oci_image_config_working_dir (view->config);
  if (path == NULL || path[0] == '\0')
    return;
  const TerraneNode *node = terrane_tree_follow (view->tree, path);
  g_autofree char *quoted = oci_quote (path);
  if (node == NULL || node->type != OCI_ENTRY_DIRECTORY)
    terrane_findings_report (findings, "lambda.working-directory", TERRANE_SEVERITY_ERROR, NULL,
                             "config.working_dir: %s is not a directory in the image", quoted);
}

static void
check_size (const TerraneImageView *view, TerraneFindings *findings)
{
  uint64_t bytes = terrane_tree_totals (view->tree).bytes;
  g_autofree char *text = oci_format_size (bytes);
  if (bytes > MAX_IMAGE_BYTES)
    terrane_findings_report (findings, "lambda.uncompressed-size", TERRANE_SEVERITY_ERROR, NULL,
                             "size: %s of files, Lambda takes 10 GiB", text);
}

static void
check_platform (const TerraneImageView *view, TerraneFindings *findings)
{
  const char *os = oci_image_config_os (view->config);
  const char *architecture = oci_image_config_architecture (view->config);
  if (g_strcmp0 (os, "linux") == 0
      && (g_strcmp0 (architecture, "amd64") == 0 || g_strcmp0 (architecture, "arm64") == 0))
    return;
  g_autofree char *platform = oci_image_config_platform_text (view->config);
  g_autofree char *quoted = oci_quote (platform);
  terrane_findings_report (findings, "lambda.wrong-architecture", TERRANE_SEVERITY_ERROR, NULL,
                           "the image is for %s, Lambda runs linux/amd64 and linux/arm64", quoted);
}

typedef struct
{
  const TerraneImageView *view;
  TerraneFileGroup code;   /* unreadable files that the function needs */
  TerraneFileGroup others; /* other unreadable files */
  TerraneFileGroup setuid;
  gboolean client; /* something that fetches events exists */
} Walk;

static void
group_add (TerraneFileGroup *group, const TerraneImageView *view, const TerraneNode *node)
{
  g_autofree char *mode = g_strdup_printf ("%04o", node->mode);
  terrane_file_group_add (group, view, node, mode);
}

/* Files that only root may read in any distribution, and that no function needs. */
static gboolean
is_private (const char *path)
{
  static const char *const private[] = { "boot", "dev", "etc", "home", "lost+found", "proc",
                                         "root", "run", "sys", "tmp",  "var",        NULL };
  static const char *const public[] = { "var/lang", "var/runtime", "var/task", NULL };
  for (const char *const *prefix = public; *prefix != NULL; prefix++)
    if (oci_path_is_below (path, *prefix))
      return FALSE;
  for (const char *const *prefix = private; *prefix != NULL; prefix++)
    if (oci_path_is_below (path, *prefix))
      return TRUE;
  return FALSE;
}

static gboolean
is_client (const TerraneNode *node, const char *path)
{
  if (node->type == OCI_ENTRY_DIRECTORY)
    return strcmp (node->name, "awslambdaric") == 0 || strcmp (node->name, "aws-lambda-ric") == 0
           || strcmp (node->name, "aws_lambda_ric") == 0;
  return strcmp (path, "var/runtime/bootstrap") == 0
         || g_str_has_prefix (node->name, "aws-lambda-java-runtime-interface-client");
}

static gboolean
visit (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  Walk *walk = data;
  uint32_t wanted = node->type == OCI_ENTRY_DIRECTORY ? 0005 : 0004;
  walk->client = walk->client || is_client (node, path);
  if (node->type == OCI_ENTRY_SYMLINK)
    return TRUE;
  if (node->type == OCI_ENTRY_FILE && (node->mode & 06000) != 0)
    group_add (&walk->setuid, walk->view, node);
  if ((node->mode & wanted) == wanted)
    return TRUE;
  if (terrane_image_view_is_module_path (walk->view, path) || oci_path_is_below (path, "opt")
      || oci_path_is_below (path, "var/lang") || oci_path_is_below (path, "var/runtime"))
    group_add (&walk->code, walk->view, node);
  else if (!is_private (path) && (node->mode & 04000) == 0)
    group_add (&walk->others, walk->view, node);
  return TRUE;
}

static void
report_group (TerraneFindings *findings, TerraneFileGroup *group, const char *id,
              TerraneSeverity severity, const char *what, const char *fix)
{
  gboolean one = group->count == 1;
  g_autofree char *text = g_strdup_printf ("%u file%s or director%s %s", group->count,
                                           one ? "" : "s", one ? "y" : "ies", what);
  terrane_file_group_report (group, findings, id, severity, text, fix);
  terrane_file_group_clear (group);
}

static void
check_client (const TerraneImageView *view, gboolean client, TerraneFindings *findings)
{
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (view->config);
  if (client || entrypoint[0] == NULL || !is_interpreter (entrypoint[0]))
    return;
  gboolean named = FALSE;
  for (char **argument = entrypoint; *argument != NULL; argument++)
    named = named || strcmp (*argument, "awslambdaric") == 0;
  terrane_findings_report (
      findings, "lambda.no-runtime-client",
      named ? TERRANE_SEVERITY_ERROR : TERRANE_SEVERITY_WARNING,
      "add a runtime interface client, for Python the wheel awslambdaric",
      "config.entrypoint: %s, and nothing in the image fetches events from Lambda",
      named ? "it starts awslambdaric" : "it is an interpreter");
}

static void
check_files (const TerraneImageView *view, TerraneFindings *findings)
{
  Walk walk = { .view = view };
  (void) terrane_tree_foreach (view->tree, visit, &walk, NULL); /* cannot fail */
  report_group (findings, &walk.code, "lambda.unreadable-file", TERRANE_SEVERITY_ERROR,
                "cannot be read by the user that Lambda runs the function as",
                "chmod 644, directories and programs 755; transforms.modes does it for trees");
  report_group (findings, &walk.others, "lambda.unreadable-file", TERRANE_SEVERITY_WARNING,
                "cannot be read by the user that Lambda runs the function as",
                "chmod 644, directories and programs 755, if the function uses them");
  report_group (findings, &walk.setuid, "lambda.setuid", TERRANE_SEVERITY_NOTE,
                "have setuid or setgid, which has no effect on Lambda", NULL);
  check_client (view, walk.client, findings);
}

/* AWS's Python runtimes and the end of their updates (https://endoflife.date/aws-lambda,
 * 2026-08-22). */
static void
check_runtime (const TerraneImageView *view, const char *today, TerraneFindings *findings)
{
  static const char *const runtimes[][2] = {
    { "3.8", "2024-10-14" },  { "3.9", "2025-12-15" },  { "3.10", "2026-10-31" },
    { "3.11", "2027-06-30" }, { "3.12", "2028-10-31" }, { "3.13", "2029-06-30" },
    { "3.14", "2029-06-30" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (runtimes); i++)
    {
      g_autofree char *path = g_strconcat ("var/lang/bin/python", runtimes[i][0], NULL);
      if (strcmp (today, runtimes[i][1]) > 0 && terrane_tree_follow (view->tree, path) != NULL)
        terrane_findings_report (findings, "lambda.deprecated-runtime", TERRANE_SEVERITY_WARNING,
                                 "take a base with a newer Python",
                                 "AWS's base image for Python %s gets no updates since %s",
                                 runtimes[i][0], runtimes[i][1]);
    }
}

gboolean
terrane_check_lambda (const TerraneImageView *view, const TerranePython *python, const char *today,
                      TerraneFindings *findings, GError **error)
{
  if (!check_entrypoint (view, findings, error)
      || !terrane_check_lambda_handler (view, python, findings, error))
    return FALSE;
  check_working_dir (view, findings);
  check_environment (view, findings);
  check_size (view, findings);
  check_platform (view, findings);
  check_files (view, findings);
  if (today != NULL)
    check_runtime (view, today, findings);
  return TRUE;
}
