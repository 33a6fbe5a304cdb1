#include "builder/image/tree-transforms.h"

#include "builder/facts/python-base.h"
#include "builder/sandbox/emulator.h"
#include "builder/transform/compiler.h"
#include "builder/transform/host-python.h"

/* Returns: (transfer full) (nullable): why there is no interpreter, NULL if there is one */
static char *
choose (const TerraneSourceContext *context, const OciDigest *base, const TerranePythonBase *python,
        const OciImageConfig *config, TerraneInterpreter *out)
{
  g_auto (TerraneEmulator) emulator = { 0 };
  const char *architecture = context->profile->platform.architecture;
  if (python->interpreter == NULL)
    return g_strdup ("the base has no Python");
  /* Inside the sandbox, only programs that the kernel starts by itself can be started. */
  terrane_emulator_find_here (architecture, &emulator);
  gboolean emulated = emulator.kind == TERRANE_EMULATION_REGISTERED;
  if (!emulated && emulator.kind != TERRANE_EMULATION_NONE)
    return terrane_host_python_find (python->python_minor, out)
               ? NULL
               : g_strdup_printf ("the image's Python does not run on this machine: install Python "
                                  "3.%u here, or qemu-user for %s",
                                  python->python_minor, architecture);
  out->root = *base;
  out->path = g_strdup (python->interpreter);
  out->emulated = emulated ? g_strdup (architecture) : NULL;
  OciDigestHex hex;
  g_auto (GStrv) env = config != NULL ? oci_image_config_env (config) : NULL;
  out->identity = g_strdup (oci_digest_hex (base, hex));
  out->env = terrane_compiler_env ((const char *const *) env);
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

/* The programs that a tree is transformed with. */
typedef struct
{
  TerraneInterpreter interpreter;
  char *problem; /* (nullable): why the interpreter is missing */
  TerraneTransformContext context;
} Transforming;

static void
transforming_clear (Transforming *self)
{
  terrane_interpreter_clear (&self->interpreter);
  g_free (self->problem);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Transforming, transforming_clear)

static gboolean
prepare (Transforming *self, const TerraneSourceContext *context, const TerraneSourceSpec *spec,
         const OciDigest *base, const OciImageConfig *config, GError **error)
{
  if (spec->transforms->bytecode
      && !find_interpreter (context, base, config, &self->interpreter, &self->problem, error))
    return FALSE;
  self->context = (TerraneTransformContext){
    .store = context->store,
    .spec = spec,
    .interpreter = self->interpreter.path != NULL ? &self->interpreter : NULL,
    .no_interpreter = self->problem,
    .sandbox = context->sandbox,
    .jobs = context->jobs,
    .progress = context->progress,
  };
  return TRUE;
}

json_t *
terrane_profile_tree_transform_keys (const TerraneSourceContext *context,
                                     const TerraneSourceSpec *spec, const OciDigest *base,
                                     const OciImageConfig *config, GError **error)
{
  g_auto (Transforming) transforming = { .problem = NULL };
  return prepare (&transforming, context, spec, base, config, error)
             ? terrane_transform_keys (&transforming.context, error)
             : NULL;
}

gboolean
terrane_profile_tree_find_transformed (const TerraneSourceContext *context,
                                       const TerraneSourceSpec *spec, const OciDigest *base,
                                       const OciImageConfig *config, TerraneSourceTree *tree,
                                       gboolean *out_found, GError **error)
{
  g_auto (Transforming) transforming = { .problem = NULL };
  TerraneTransformed result;
  if (!prepare (&transforming, context, spec, base, config, error))
    return FALSE;
  g_autoptr (OciJsonValue) keys = terrane_transform_keys (&transforming.context, error);
  if (keys == NULL
      || !terrane_transform_find (context->store, &tree->commit, keys, &result, out_found, error))
    return FALSE;
  tree->read = tree->commit;
  if (json_array_size (keys) > 0)
    tree->transforms = g_steal_pointer (&keys);
  if (*out_found && tree->transforms != NULL)
    {
      json_decref (result.reports);
      g_clear_pointer (&tree->tree, terrane_tree_free);
      tree->commit = result.commit;
    }
  return TRUE;
}

gboolean
terrane_profile_tree_transform (const TerraneSourceContext *context, const TerraneSourceSpec *spec,
                                const OciDigest *base, const OciImageConfig *config,
                                TerraneSourceTree *tree, GError **error)
{
  g_auto (Transforming) transforming = { .problem = NULL };
  TerraneTransformed result;
  tree->read = tree->commit;
  if (!prepare (&transforming, context, spec, base, config, error)
      || !terrane_transform_tree (&transforming.context, &tree->commit, &result, error))
    return FALSE;
  tree->transforms = result.keys;
  tree->transformed = result.made;
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
