#include "builder/sandbox/validation.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <string.h>

/* The working directory is first on sys.path of `python -c`, as for the runtime's `python -m`. */
#define IMPORT_CODE "import importlib, sys; importlib.import_module(sys.argv[1])"

static void
result_free (gpointer data)
{
  TerraneValidationResult *result = data;
  g_free (result->name);
  terrane_process_result_clear (&result->process);
  g_free (result);
}

void
terrane_validation_script_free (gpointer data)
{
  TerraneValidationScript *script = data;
  g_free (script->name);
  g_bytes_unref (script->content);
  g_free (script);
}

static gboolean
run_one (const TerraneSandbox *sandbox, const char *kind, const char *name, const char *const *argv,
         const TerraneSandboxFile *file, unsigned timeout_secs, GPtrArray *results, GError **error)
{
  TerraneValidationResult *result = g_new0 (TerraneValidationResult, 1);
  result->kind = kind;
  result->name = g_strdup (name);
  g_ptr_array_add (results, result);
  if (!terrane_sandbox_run (sandbox, argv, file, file != NULL ? 1 : 0,
                            (uint64_t) timeout_secs * 1000, &result->process, error))
    return FALSE;
  result->passed = !result->process.timed_out && result->process.exit_code == 0;
  return TRUE;
}

static gboolean
run_imports (const TerraneSandbox *sandbox, const char *python, const TerraneValidationSpec *spec,
             TerraneValidationFunc started, gpointer data, GPtrArray *results, GError **error)
{
  for (const char *const *name = spec->imports; name != NULL && *name != NULL; name++)
    {
      const char *const argv[] = { python, "-c", IMPORT_CODE, *name, NULL };
      if (started != NULL)
        started (data, "import", *name);
      if (!run_one (sandbox, "import", *name, argv, NULL, spec->timeout_secs, results, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
run_scripts (const TerraneSandbox *sandbox, const char *python, const TerraneValidationSpec *spec,
             TerraneValidationFunc started, gpointer data, GPtrArray *results, GError **error)
{
  for (guint i = 0; i < spec->scripts->len; i++)
    {
      const TerraneValidationScript *script = spec->scripts->pdata[i];
      g_autofree char *path = g_strdup_printf (TERRANE_SANDBOX_FILES "/%s", script->name);
      gboolean is_python = g_str_has_suffix (script->name, ".py");
      const char *const python_argv[] = { python, path, NULL };
      const char *const direct_argv[] = { path, NULL };
      const TerraneSandboxFile file = { .name = script->name,
                                        .content = script->content,
                                        .mode = 0555 };
      if (started != NULL)
        started (data, "script", script->name);
      if (!run_one (sandbox, "script", script->name, is_python ? python_argv : direct_argv, &file,
                    spec->timeout_secs, results, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_validation_run (const TerraneSandbox *sandbox, const char *python,
                        const TerraneValidationSpec *spec, TerraneValidationFunc started,
                        gpointer data, GPtrArray **out_results, GError **error)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (result_free);
  if (!run_imports (sandbox, python, spec, started, data, results, error)
      || !run_scripts (sandbox, python, spec, started, data, results, error))
    return FALSE;
  *out_results = g_steal_pointer (&results);
  return TRUE;
}

json_t *
terrane_validation_to_json (const GPtrArray *results)
{
  json_t *list = json_array ();
  for (guint i = 0; i < results->len; i++)
    {
      const TerraneValidationResult *result = results->pdata[i];
      const TerraneProcessResult *process = &result->process;
      json_t *object = json_object ();
      oci_json_set (object, "kind", oci_json_text (result->kind));
      oci_json_set (object, "name", oci_json_text (result->name));
      oci_json_set (object, "passed", json_boolean (result->passed));
      oci_json_set (object, "timed_out", json_boolean (process->timed_out));
      oci_json_set (object, "exit_code", json_integer (process->exit_code));
      oci_json_set (object, "signal", json_integer (process->signal));
      oci_json_set (object, "wall_usecs", json_integer ((json_int_t) process->wall_usecs));
      oci_json_set (object, "cpu_usecs", json_integer ((json_int_t) process->cpu_usecs));
      oci_json_set (object, "peak_rss_bytes", json_integer ((json_int_t) process->peak_rss_bytes));
      oci_json_set (object, "output", oci_json_text (process->output));
      oci_json_append (list, object);
    }
  return list;
}
