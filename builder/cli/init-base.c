#include "builder/cli/init-base.h"

#include "builder/cli/workbench.h"
#include "builder/profile/lock.h"
#include "builder/resolve/resolve.h"

#include "oci/reference.h"

#include <string.h>

/* Returns "3.11" for "3.11.4-slim" and for "4-python3.11", or NULL. */
static char *
version_of_tag (const char *tag)
{
  const char *python = strstr (tag, "-python");
  if (python != NULL)
    tag = python + strlen ("-python");
  size_t digits = g_str_has_prefix (tag, "3.") ? strspn (tag + 2, G_CSET_DIGITS) : 0;
  return digits == 1 || digits == 2 ? g_strndup (tag, 2 + digits) : NULL;
}

static char *
version_of_reference (const json_t *base)
{
  const char *image = json_string_value (json_object_get (base, "image"));
  if (image == NULL || !g_str_has_prefix (image, OCI_REFERENCE_SCHEME))
    return NULL;
  g_autoptr (OciReference) reference = oci_reference_parse (image, NULL);
  if (reference == NULL || reference->tag == NULL)
    return NULL;
  g_autofree char *name = g_path_get_basename (reference->repository);
  return g_str_equal (name, "python") ? version_of_tag (reference->tag) : NULL;
}

const char *
terrane_init_platform (void)
{
  return g_str_equal (oci_platform_host ().architecture, "arm64") ? "linux/arm64" : "linux/amd64";
}

/* Makes a profile with only the base. */
static TerraneProfile *
make_profile (const char *directory, const json_t *base, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (directory, NULL);
  g_autofree char *file = g_build_filename (path, "profile.json", NULL);
  g_autoptr (OciJsonValue) object = json_object ();
  oci_json_set (object, "name", oci_json_text ("base"));
  oci_json_set (object, "platform", oci_json_text (terrane_init_platform ()));
  oci_json_set (object, "target", oci_json_text ("oci"));
  oci_json_set (object, "base", json_deep_copy (base));
  char *text = json_dumps (object, 0);
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  free (text);
  return terrane_profile_parse (file, data, NULL, error);
}

static gboolean
bring_base (const TerraneWorkbench *bench, const TerraneProfile *profile, TerraneBase **out_base,
            GError **error)
{
  g_autoptr (TerraneLock) lock = terrane_lock_new ("none");
  g_autoptr (GPtrArray) changes = g_ptr_array_new_with_free_func (g_free);
  const TerraneResolveOptions options = {
    .store = bench->store,
    .remote = bench->remote,
    .lock = lock,
    .policy = { .ignore = TRUE },
    .jobs = bench->jobs,
    .progress = bench->progress,
  };
  g_autoptr (TerranePlan) plan = terrane_resolve (profile, &options, out_base, changes, error);
  terrane_terminal_finish_phase (bench->terminal);
  return plan != NULL;
}

gboolean
terrane_base_find_python (TerraneGlobal *global, const TerraneProfile *profile,
                          TerranePythonBase *out, GError **error)
{
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_autoptr (TerraneBase) root = NULL;
  if (!terrane_workbench_open (global, NULL, 0, &bench, error)
      || !bring_base (&bench, profile, &root, error))
    return FALSE;
  g_auto (GStrv) env = root->config != NULL ? oci_image_config_env (root->config) : NULL;
  return terrane_python_base_find (bench.store, &root->root.commit, g_environ_getenv (env, "PATH"),
                                   out, error);
}

gboolean
terrane_init_find_python (TerraneGlobal *global, const char *directory, const json_t *base,
                          char **out_version, char **out_interpreter, GError **error)
{
  *out_interpreter = NULL;
  *out_version = version_of_reference (base);
  if (*out_version != NULL)
    return TRUE;
  OCI_PREFIX (error, "init: looking for the Python of the base");
  g_autoptr (TerraneProfile) profile = make_profile (directory, base, error);
  g_auto (TerranePythonBase) python = { 0 };
  if (profile == NULL || !terrane_base_find_python (global, profile, &python, error))
    return FALSE;
  if (python.interpreter == NULL || python.python_major != 3)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "the base has no Python 3 in its search path; use a base that has one");
  *out_version = g_strdup_printf ("3.%u", python.python_minor);
  *out_interpreter = g_steal_pointer (&python.interpreter);
  return TRUE;
}
