#include "builder/image/transformed.h"

#include "builder/facts/python-base.h"
#include "builder/transform/compiler.h"
#include "builder/transform/host-python.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

enum
{
  MAX_BINFMT_BYTES = 4096,
};

/* As profiles spell it; "" for others. */
static const char *
host_architecture (void)
{
  struct utsname name;
  if (uname (&name) == 0 && strcmp (name.machine, "x86_64") == 0)
    return "amd64";
  return strcmp (name.machine, "aarch64") == 0 ? "arm64" : "";
}

/* Whether the kernel hands programs of the architecture to an emulator that it has open already
 * (flag F): one that it would have to open is not in the sandbox. */
static gboolean
can_emulate (const char *architecture)
{
  g_autoptr (GBytes) content = NULL;
  const char *name = strcmp (architecture, "arm64") == 0 ? "aarch64" : "x86_64";
  g_autofree char *path = g_strconcat ("/proc/sys/fs/binfmt_misc/qemu-", name, NULL);
  if (!oci_read_file (AT_FDCWD, path, MAX_BINFMT_BYTES, &content, NULL))
    return FALSE;
  g_autofree char *text = g_strndup (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  const char *flags = strstr (text, "\nflags:");
  return g_str_has_prefix (text, "enabled") && flags != NULL
         && memchr (flags + 1, 'F', strcspn (flags + 1, "\n")) != NULL;
}

/* Returns: (transfer full) (nullable): why there is no interpreter, NULL when there is one */
static char *
choose (const TerraneImport *import, const OciDigest *base, const TerranePythonBase *python,
        const OciImageConfig *config, TerraneInterpreter *out)
{
  const char *architecture = import->profile->architecture;
  if (python->interpreter == NULL)
    return g_strdup ("the base has no Python");
  gboolean other = strcmp (architecture, host_architecture ()) != 0;
  if (other && !can_emulate (architecture))
    return terrane_host_python_find (python->python_minor, out)
               ? NULL
               : g_strdup_printf ("the image's Python does not run on this machine: install Python "
                                  "3.%u here, or qemu-user for %s",
                                  python->python_minor, architecture);
  out->root = *base;
  out->path = g_strdup (python->interpreter);
  out->emulated = other ? g_strdup (architecture) : NULL;
  OciDigestHex hex;
  g_auto (GStrv) env = config != NULL ? oci_image_config_env (config) : NULL;
  out->identity = g_strdup (oci_digest_hex (base, hex));
  out->env = terrane_compiler_env ((const char *const *) env);
  return NULL;
}

static gboolean
find_interpreter (const TerraneImport *import, const OciDigest *base, const OciImageConfig *config,
                  TerraneInterpreter *out, char **out_problem, GError **error)
{
  g_auto (TerranePythonBase) python = { 0 };
  g_auto (GStrv) env = config != NULL ? oci_image_config_env (config) : NULL;
  const char *path = env != NULL ? g_environ_getenv (env, "PATH") : NULL;
  if (!terrane_python_base_find (import->store, base, path, &python, error))
    return FALSE;
  *out_problem = choose (import, base, &python, config, out);
  return TRUE;
}

gboolean
terrane_tree_transform (const TerraneImport *import, const TerraneSourceSpec *spec,
                        const OciDigest *base, const OciImageConfig *config,
                        TerraneStoredTree *tree, GError **error)
{
  g_auto (TerraneInterpreter) interpreter = { 0 };
  g_autofree char *problem = NULL;
  TerraneTransformed result;
  if (spec->transforms->bytecode
      && !find_interpreter (import, base, config, &interpreter, &problem, error))
    return FALSE;
  const TerraneTransformContext context = {
    .store = import->store,
    .spec = spec,
    .interpreter = interpreter.path != NULL ? &interpreter : NULL,
    .no_interpreter = problem,
    .jobs = import->jobs,
    .progress = import->progress,
  };
  if (!terrane_transform_tree (&context, &tree->commit, &result, error))
    return FALSE;
  if (result.reports == NULL)
    return TRUE;
  if (tree->reports == NULL)
    tree->reports = json_array ();
  if (json_array_extend (tree->reports, result.reports) < 0)
    g_error ("out of memory while building JSON");
  json_decref (result.reports);
  g_clear_pointer (&tree->tree, terrane_tree_free);
  tree->tree = result.tree;
  tree->commit = result.commit;
  tree->has_debug = result.has_debug;
  tree->debug = result.debug;
  return TRUE;
}
