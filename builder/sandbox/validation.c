#include "builder/sandbox/validation.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <string.h>

/* The working directory is first on sys.path of `python -c`, as for the runtime's `python -m`. */
#define IMPORT_CODE "import importlib, sys; importlib.import_module(sys.argv[1])"

/* With the working directory first on sys.path, as for imports and handlers: run by its name a
 * script would have its own directory there, which has nothing of the image. */
#define SCRIPT_CODE                                                                                \
  "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path (sys.argv[0], run_name='__main__')"

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
is_module_name (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ".", -1);
  if (parts[0] == NULL || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (char **part = parts; *part != NULL; part++)
    {
      if (**part == '\0' || g_ascii_isdigit (**part))
        return FALSE;
      for (const char *p = *part; *p != '\0'; p = g_utf8_next_char (p))
        if (*p != '_' && !g_unichar_isalnum (g_utf8_get_char (p)))
          return FALSE;
    }
  return TRUE;
}

static gboolean
is_file_name (const char *name)
{
  return name[0] != '\0' && strchr (name, '/') == NULL && strcmp (name, ".") != 0
         && strcmp (name, "..") != 0;
}

static gboolean
check_spec (const TerraneValidationSpec *spec, const char *python, GError **error)
{
  gboolean needs_python = spec->imports != NULL && spec->imports[0] != NULL;
  for (const char *const *name = spec->imports; name != NULL && *name != NULL; name++)
    if (!is_module_name (*name))
      {
        g_autofree char *quoted = oci_quote (*name);
        return oci_throw (error, OCI_ERROR_USAGE, "%s is not the name of a Python module", quoted);
      }
  for (guint i = 0; spec->scripts != NULL && i < spec->scripts->len; i++)
    {
      const TerraneValidationScript *script = spec->scripts->pdata[i];
      if (!is_file_name (script->name))
        {
          g_autofree char *quoted = oci_quote (script->name);
          return oci_throw (error, OCI_ERROR_USAGE, "%s is not a file name", quoted);
        }
      needs_python = needs_python || g_str_has_suffix (script->name, ".py");
    }
  return python != NULL || !needs_python
         || oci_throw (error, OCI_ERROR_NOT_FOUND, "the image has no Python to validate with");
}

/* Where one run gets its parameters from and leaves its result. */
typedef struct
{
  const TerraneSandbox *sandbox;
  const TerraneValidationSpec *spec;
  const char *python;
  TerraneValidationFunc started;
  gpointer data;
  GPtrArray *results;
} Run;

static gboolean
run_one (const Run *self, const char *kind, const char *name, const char *const *argv,
         const TerraneSandboxFile *files, GError **error)
{
  TerraneValidationResult *result = g_new0 (TerraneValidationResult, 1);
  result->kind = kind;
  result->name = g_strdup (name);
  g_ptr_array_add (self->results, result);
  if (self->started != NULL)
    self->started (self->data, kind, name);
  if (!terrane_sandbox_run (self->sandbox, argv, files, (uint64_t) self->spec->timeout_secs * 1000,
                            self->spec->cancellable, &result->process, error))
    return FALSE;
  result->passed = !result->process.timed_out && result->process.exit_code == 0;
  return TRUE;
}

static gboolean
run_import (const Run *self, const char *name, GError **error)
{
  const char *const argv[] = { self->python, "-c", IMPORT_CODE, name, NULL };
  return run_one (self, "import", name, argv, NULL, error);
}

static gboolean
run_script (const Run *self, const TerraneValidationScript *script, GError **error)
{
  g_autofree char *path = g_strdup_printf (TERRANE_SANDBOX_FILES "/%s", script->name);
  const TerraneSandboxFile files[] = {
    { .name = script->name, .content = script->content, .mode = 0555 }, { .name = NULL }
  };
  const char *const python_argv[] = { self->python, "-c", SCRIPT_CODE, path, NULL };
  const char *const program_argv[] = { path, NULL };
  gboolean is_python = g_str_has_suffix (script->name, ".py");
  return run_one (self, "script", script->name, is_python ? python_argv : program_argv, files,
                  error);
}

gboolean
terrane_validation_run (const TerraneSandbox *sandbox, const char *python,
                        const TerraneValidationSpec *spec, TerraneValidationFunc started,
                        gpointer data, GPtrArray **out_results, GError **error)
{
  g_autoptr (GPtrArray) results = g_ptr_array_new_with_free_func (result_free);
  const Run run = { .sandbox = sandbox,
                    .spec = spec,
                    .python = python,
                    .started = started,
                    .data = data,
                    .results = results };
  if (!check_spec (spec, python, error))
    return FALSE;
  for (const char *const *name = spec->imports; name != NULL && *name != NULL; name++)
    if (!run_import (&run, *name, error))
      return FALSE;
  for (guint i = 0; spec->scripts != NULL && i < spec->scripts->len; i++)
    if (!run_script (&run, spec->scripts->pdata[i], error))
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
      if (process->sandbox != NULL)
        oci_json_set (object, "sandbox", oci_json_text (process->sandbox));
      if (process->memory_method != NULL)
        oci_json_set (object, "memory_method", oci_json_text (process->memory_method));
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
