#include "builder/transform/host-python.h"

#include "builder/transform/compiler.h"
#include "builder/transform/script.h"
#include "oci/base/process.h"

#include "oci/digest.h"

#include <string.h>

enum
{
  ASK_DEADLINE_MS = 30 * 1000,
};

/* The result for a minor version; the program stays the same while a command runs. */
typedef struct
{
  char *path; /* (nullable) */
  char *identity;
} Found;

static Found *
ask (unsigned minor)
{
  g_auto (OciProcessResult) result = { 0 };
  g_autofree char *name = g_strdup_printf ("python3.%u", minor);
  g_autofree char *program = g_find_program_in_path (name); /* it finds its modules by its path */
  g_autofree char *tag = g_strdup_printf ("cpython-3%u", minor);
  g_autofree char *script = terrane_transform_script ("host-python.py");
  const char *const argv[] = { program, "-S", "-s", "-B", "-c", script, NULL };
  g_auto (GStrv) env = terrane_compiler_env (NULL);
  const OciProcess process = { .argv = argv,
                               .env = (const char *const *) env,
                               .deadline_ms = ASK_DEADLINE_MS };
  Found *found = g_new0 (Found, 1);
  OciDigest digest;
  if (program == NULL || !oci_process_run_full (&process, NULL, &result, NULL)
      || result.exit_code != 0)
    return found;
  g_auto (GStrv) lines = g_strsplit (g_strchomp (result.output), "\n", -1);
  if (g_strv_length (lines) != 3 || lines[0][0] != '/' || strcmp (lines[1], tag) != 0
      || !oci_digest_parse_hex (lines[2], &digest, NULL))
    return found;
  found->path = g_strdup (lines[0]);
  found->identity = g_strdup (lines[2]);
  return found;
}

gboolean
terrane_host_python_find (unsigned minor, TerraneInterpreter *out)
{
  static GMutex mutex;
  static GHashTable *known; /* minor version -> Found; lives as long as the process */
  g_mutex_lock (&mutex);
  if (known == NULL)
    known = g_hash_table_new (NULL, NULL);
  Found *found = g_hash_table_lookup (known, GUINT_TO_POINTER (minor));
  if (found == NULL)
    {
      found = ask (minor);
      g_hash_table_insert (known, GUINT_TO_POINTER (minor), found);
    }
  g_mutex_unlock (&mutex);
  if (found->path == NULL)
    return FALSE;
  out->is_host = TRUE;
  out->path = g_strdup (found->path);
  out->identity = g_strdup (found->identity);
  out->env = terrane_compiler_env (NULL);
  return TRUE;
}
