#include "builder/check/lambda.h"

#include "builder/error.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_ENVIRONMENT_BYTES = 4 * 1024,
};

#define MAX_IMAGE_BYTES (UINT64_C (10) * 1024 * 1024 * 1024)

static void
check_entrypoint (TerraneTree *tree, const OciImageConfig *config, GString *findings)
{
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (config);
  g_auto (GStrv) cmd = oci_image_config_cmd (config);
  if (entrypoint[0] == NULL)
    {
      g_string_append (findings,
                       "\n  config.entrypoint: missing; Lambda starts it with the command");
      return;
    }
  if (cmd[0] == NULL)
    g_string_append (findings, "\n  config.cmd: missing; the runtime takes the handler from it, "
                               "such as \"handler.handler\"");
  g_autofree char *quoted = oci_quote (entrypoint[0]);
  if (entrypoint[0][0] != '/')
    {
      g_string_append_printf (findings, "\n  config.entrypoint: %s is not an absolute path",
                              quoted);
      return;
    }
  const char *path = entrypoint[0] + strspn (entrypoint[0], "/");
  const TerraneNode *node = terrane_tree_lookup (tree, path);
  if (node != NULL && node->type == OCI_ENTRY_SYMLINK)
    {
      g_autofree char *target = oci_quote (node->target);
      g_string_append_printf (findings,
                              "\n  config.entrypoint: %s is a symbolic link to %s, which Lambda "
                              "refuses (Runtime.InvalidEntrypoint); name the file itself",
                              quoted, target);
      return;
    }
  if (node == NULL)
    node = terrane_tree_resolve (tree, path);
  if (node == NULL)
    g_string_append_printf (findings, "\n  config.entrypoint: %s is not in the image", quoted);
  else if (node->type != OCI_ENTRY_FILE || (node->mode & 0005) != 0005)
    g_string_append_printf (
        findings, "\n  config.entrypoint: %s is not a file that every user may read and execute",
        quoted);
}

static void
check_environment (const OciImageConfig *config, GString *findings)
{
  g_auto (GStrv) env = oci_image_config_env (config);
  size_t total = 0;
  for (char **variable = env; *variable != NULL; variable++)
    total += strlen (*variable) - (strchr (*variable, '=') != NULL);
  if (total > MAX_ENVIRONMENT_BYTES)
    g_string_append_printf (findings,
                            "\n  config.env: %zu bytes of names and values, Lambda takes %d", total,
                            MAX_ENVIRONMENT_BYTES);
}

static void
check_working_dir (TerraneTree *tree, const OciImageConfig *config, GString *findings)
{
  const char *path = oci_image_config_working_dir (config);
  if (path == NULL)
    return;
  const TerraneNode *node = terrane_tree_resolve (tree, path);
  if (node == NULL || node->type != OCI_ENTRY_DIRECTORY)
    g_string_append_printf (findings, "\n  config.working_dir: %s is no directory in the image",
                            path);
}

static void
check_size (TerraneTree *tree, GString *findings)
{
  uint64_t bytes = terrane_tree_totals (tree).bytes;
  g_autofree char *text = oci_format_size (bytes);
  if (bytes > MAX_IMAGE_BYTES)
    g_string_append_printf (findings, "\n  size: %s of files, Lambda takes 10 GiB", text);
}

gboolean
terrane_check_lambda (TerraneTree *tree, const OciImageConfig *config, GError **error)
{
  g_autoptr (GString) findings = g_string_new (NULL);
  check_entrypoint (tree, config, findings);
  check_working_dir (tree, config, findings);
  check_environment (config, findings);
  check_size (tree, findings);
  if (findings->len == 0)
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_GATE,
               "AWS Lambda would refuse this image (set \"target\": \"oci\" if it is not for "
               "Lambda):%s",
               findings->str);
  return FALSE;
}
