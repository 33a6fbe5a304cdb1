#include "builder/image/transformed.h"

#include "builder/check/python-base.h"
#include "builder/sandbox/emulator.h"
#include "builder/sandbox/process.h"
#include "builder/transform/transform.h"

#include <string.h>

enum
{
  ASK_DEADLINE_MS = 30 * 1000,
};

#define ASK                                                                                        \
  "import sys; print (sys.executable, sys.implementation.cache_tag, sys.version, sep='\\n')"

/* Whether the kernel starts programs of the image, inside of the sandbox too. */
static gboolean
runs_here (const char *architecture)
{
  g_auto (TerraneEmulator) emulator = { 0 };
  terrane_emulator_find_here (architecture, &emulator);
  return emulator.kind == TERRANE_EMULATION_NONE || emulator.kind == TERRANE_EMULATION_REGISTERED;
}

/* Only what a program needs to start, and what makes its bytecode the same in each run. */
static char **
make_env (const OciImageConfig *config)
{
  static const char *const names[] = { "PATH=", "LD_LIBRARY_PATH=", "PYTHONHOME=" };
  GPtrArray *env = g_ptr_array_new ();
  g_auto (GStrv) image = config != NULL ? oci_image_config_env (config) : NULL;
  for (char **variable = image; variable != NULL && *variable != NULL; variable++)
    for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
      if (g_str_has_prefix (*variable, names[i]))
        g_ptr_array_add (env, g_strdup (*variable));
  g_ptr_array_add (env, g_strdup ("PYTHONHASHSEED=0"));
  g_ptr_array_add (env, g_strdup ("LC_ALL=C.UTF-8"));
  g_ptr_array_add (env, NULL);
  return (char **) g_ptr_array_free (env, FALSE);
}

/* A Python of the same version makes the same bytecode for any processor. */
static gboolean
ask_host (unsigned minor, TerraneInterpreter *out)
{
  g_auto (TerraneProcessResult) result = { 0 };
  g_autofree char *program = g_strdup_printf ("python3.%u", minor);
  g_autofree char *tag = g_strdup_printf ("cpython-3%u", minor);
  const char *const argv[] = { program, "-I", "-S", "-c", ASK, NULL };
  if (!terrane_process_run (argv, NULL, 0, ASK_DEADLINE_MS, &result, NULL) || result.exit_code != 0)
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (result.output, "\n", 3);
  if (g_strv_length (lines) != 3 || lines[0][0] != '/' || strcmp (lines[1], tag) != 0)
    return FALSE;
  out->is_host = TRUE;
  out->path = g_strdup (lines[0]);
  out->identity = g_strdup (lines[2]);
  out->env = make_env (NULL);
  return TRUE;
}

/* Returns: (transfer full) (nullable): why there is no interpreter, NULL when there is one */
static char *
choose (const TerraneSourceContext *context, const OciDigest *base, const TerranePythonBase *python,
        const OciImageConfig *config, TerraneInterpreter *out)
{
  const char *architecture = context->profile->platform.architecture;
  if (python->interpreter == NULL)
    return g_strdup ("the base has no Python");
  if (!runs_here (architecture))
    return ask_host (python->python_minor, out)
               ? NULL
               : g_strdup_printf ("the image's Python does not run on this machine: install Python "
                                  "3.%u here, or qemu-user for %s",
                                  python->python_minor, architecture);
  out->root = *base;
  out->path = g_strdup (python->interpreter);
  out->identity = g_strdup (python->identity);
  out->env = make_env (config);
  return NULL;
}

static gboolean
find_interpreter (const TerraneSourceContext *context, const OciDigest *base,
                  const OciImageConfig *config, TerraneInterpreter *out, char **out_problem,
                  GError **error)
{
  g_auto (TerranePythonBase) python = { 0 };
  g_auto (GStrv) env = config != NULL ? oci_image_config_env (config) : NULL;
  const char *path = env != NULL ? g_environ_getenv (env, "PATH") : NULL;
  if (!terrane_python_base_find (context->store, base, path, &python, error))
    return FALSE;
  *out_problem = choose (context, base, &python, config, out);
  return TRUE;
}

gboolean
terrane_tree_transform (const TerraneSourceContext *context, const TerraneSourceSpec *spec,
                        const OciDigest *base, const OciImageConfig *config,
                        TerraneStoredTree *tree, GError **error)
{
  g_auto (TerraneInterpreter) interpreter = { 0 };
  g_autofree char *problem = NULL;
  TerraneTransformed result;
  if (spec->transforms->bytecode
      && !find_interpreter (context, base, config, &interpreter, &problem, error))
    return FALSE;
  const TerraneTransformContext transform = {
    .store = context->store,
    .spec = spec,
    .interpreter = interpreter.path != NULL ? &interpreter : NULL,
    .no_interpreter = problem,
    .jobs = context->jobs,
    .progress = context->progress,
  };
  if (!terrane_transform_tree (&transform, &tree->commit, &result, error))
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
