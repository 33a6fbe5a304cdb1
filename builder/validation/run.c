#include "builder/sandbox/root-path.h"
#include "builder/validation/certificate.h"
#include "builder/validation/run-private.h"
#include "builder/validation/suite.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The working directory is first on sys.path, by its name as for the runtime's `python -m`: `python
 * -c` has '' there, where importlib.metadata of Python 3.9 finds nothing. If a script were run by
 * its name, its own directory would be there, which has no files of the image. */
static const char script_code[] =
    "import os, runpy, sys; sys.argv = sys.argv[1:]; sys.path[:1] = [p or os.getcwd () for p in "
    "sys.path[:1]]; runpy.run_path (sys.argv[0], run_name='__main__')";

static const char *const geo_groups[] = { "versions", "crs",     "raster", "vector",
                                          "numeric",  "network", "ranges", NULL };

static void
run_clear (TerraneRun *self)
{
  if (self->explain.root >= 0)
    (void) close (self->explain.root);
  g_free (self->python);
  g_clear_pointer (&self->results, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneRun, run_clear)

void
terrane_validation_script_free (gpointer data)
{
  TerraneValidationScript *script = data;
  g_free (script->name);
  g_bytes_unref (script->content);
  g_free (script);
}

static const char *
image_path (const TerraneValidation *self)
{
  for (const char *const *env = self->sandbox->env; env != NULL && *env != NULL; env++)
    if (g_str_has_prefix (*env, "PATH="))
      return *env + strlen ("PATH=");
  return TERRANE_SANDBOX_DEFAULT_PATH;
}

/* Finds a program of the image, along its own PATH inside its own file system. */
static char *
find_program (const TerraneRun *self, const char *name)
{
  g_auto (GStrv) directories = g_strsplit (image_path (self->validation), ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      g_autofree char *candidate = g_strconcat (*directory, "/", name, NULL);
      if (terrane_root_path_is_program (self->explain.root, candidate))
        return g_steal_pointer (&candidate);
    }
  return NULL;
}

static gboolean
needs_python (const TerraneValidation *self)
{
  const TerraneValidateSpec *spec = self->spec;
  for (guint i = 0; i < self->scripts->len; i++)
    if (g_str_has_suffix (((TerraneValidationScript *) self->scripts->pdata[i])->name, ".py"))
      return TRUE;
  return (spec->imports != NULL && spec->imports[0] != NULL) || spec->drivers->len > 0
         || spec->crs->len > 0 || (spec->codecs != NULL && spec->codecs[0] != NULL);
}

static gboolean
prepare (TerraneRun *run, GError **error)
{
  const TerraneValidation *self = run->validation;
  for (char **name = self->spec->imports; name != NULL && *name != NULL; name++)
    if (!terrane_run_is_module_name (*name))
      {
        g_autofree char *quoted = oci_quote (*name);
        return oci_throw (error, OCI_ERROR_USAGE, "%s is not the name of a Python module", quoted);
      }
  if (!oci_open_dir (AT_FDCWD, self->sandbox->root, &run->explain.root, error))
    return FALSE;
  run->python = find_program (run, "python3");
  if (run->python == NULL)
    run->python = find_program (run, "python");
  return run->python != NULL || !needs_python (self)
         || oci_throw (error, OCI_ERROR_NOT_FOUND,
                       "the image has no python3 in its PATH (%s), which validate.imports needs",
                       image_path (self));
}

static TerraneResult *
run_program (TerraneRun *self, const char *kind, const char *name, const char *const *argv,
             const TerraneSandboxFile *files, int expected, GError **error)
{
  TerraneResult *result = terrane_result_new (kind, name);
  g_ptr_array_add (self->results, result);
  terrane_run_started (self, kind, name);
  if (!terrane_run_execute (self, argv, files, &result->process, error))
    return NULL;
  char *end = terrane_run_describe_end (self, &result->process, expected);
  if (end != NULL)
    terrane_result_fail (result, end);
  return result;
}

static gboolean
run_script (TerraneRun *self, const TerraneValidationScript *script, GError **error)
{
  g_autofree char *path = g_strdup_printf (TERRANE_SANDBOX_FILES "/%s", script->name);
  const TerraneSandboxFile files[] = {
    { .name = script->name, .content = script->content, .mode = 0555 }, { .name = NULL }
  };
  const char *const python_argv[] = { self->python, "-c", script_code, path, NULL };
  const char *const program_argv[] = { path, NULL };
  gboolean is_python = g_str_has_suffix (script->name, ".py");
  TerraneResult *result = run_program (self, "script", script->name,
                                       is_python ? python_argv : program_argv, files, 0, error);
  if (result != NULL)
    terrane_run_explain (self, result);
  return result != NULL;
}

static gboolean
run_command (TerraneRun *self, const TerraneCommandSpec *command, GError **error)
{
  g_autofree char *name = g_strjoinv (" ", command->argv);
  g_autofree char *program = strchr (command->argv[0], '/') != NULL
                                 ? g_strdup (command->argv[0])
                                 : find_program (self, command->argv[0]);
  if (program == NULL)
    {
      TerraneResult *absent = terrane_result_new ("command", name);
      g_autofree char *quoted = oci_quote (command->argv[0]);
      g_ptr_array_add (self->results, absent);
      terrane_result_fail (absent, g_strdup_printf ("the image has no %s in its PATH (%s)", quoted,
                                                    image_path (self->validation)));
      return TRUE;
    }
  g_auto (GStrv) argv = g_strdupv (command->argv);
  g_free (argv[0]);
  argv[0] = g_steal_pointer (&program);
  TerraneResult *result = run_program (self, "command", name, (const char *const *) argv, NULL,
                                       command->exit_code, error);
  if (result == NULL)
    return FALSE;
  if (result->status == TERRANE_RESULT_PASSED && command->expect != NULL)
    {
      g_autofree char *quoted = oci_quote (command->expect);
      if (!g_regex_match_simple (command->expect, result->process.output, 0, 0))
        terrane_result_fail (result, g_strdup_printf ("its output has no match of %s", quoted));
    }
  terrane_run_explain (self, result);
  return TRUE;
}

static gboolean
run_geo (TerraneRun *self, GError **error)
{
  g_autoptr (GBytes) authority = NULL, server = NULL;
  if (self->python == NULL)
    {
      TerraneResult *skipped = terrane_result_new ("suite", "geo");
      g_ptr_array_add (self->results, skipped);
      skipped->status = TERRANE_RESULT_SKIPPED;
      skipped->message = g_strdup ("the image has no Python");
      return TRUE;
    }
  if (!terrane_certificate_new (&authority, &server, error))
    return FALSE;
  const TerraneSandboxFile files[] = { { .name = "ca.pem", .content = authority, .mode = 0444 },
                                       { .name = "server.pem", .content = server, .mode = 0444 },
                                       { .name = NULL } };
  for (const char *const *group = geo_groups; *group != NULL; group++)
    if (!terrane_run_operations (self, *group, "suite", json_object (),
                                 strcmp (*group, "ranges") == 0 ? files : NULL, error))
      return FALSE;
  return TRUE;
}

static void
hold_against_memory (TerraneRun *self)
{
  uint64_t limit = self->validation->limits->memory;
  for (guint i = 0; limit > 0 && i < self->results->len; i++)
    {
      TerraneResult *result = self->results->pdata[i];
      if (result->process.peak_rss_bytes > limit)
        terrane_result_fail (
            result,
            g_strdup_printf ("had %.1f MB in memory at once, more than limits.memory, %.1f MB",
                             (double) result->process.peak_rss_bytes / 1e6, (double) limit / 1e6));
    }
}

gboolean
terrane_validation_run (const TerraneValidation *self, GPtrArray **out_results, GError **error)
{
  const TerraneValidateSpec *spec = self->spec;
  g_auto (TerraneRun) run = {
    .validation = self,
    .sandbox = *self->sandbox,
    .explain = { .root = -1, .env = self->sandbox->env, .architecture = self->architecture },
    .results = g_ptr_array_new_with_free_func (terrane_result_free)
  };
  run.sandbox.memory_bytes = self->limits->memory;
  run.sandbox.tmp_bytes =
      self->limits->tmp > 0 ? self->limits->tmp : TERRANE_SANDBOX_DEFAULT_TMP_BYTES;
  run.explain.tmp_bytes = run.sandbox.tmp_bytes;
  if (!prepare (&run, error) || !terrane_run_imports (&run, error))
    return FALSE;
  for (guint i = 0; i < self->scripts->len; i++)
    if (!run_script (&run, self->scripts->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < spec->commands->len; i++)
    if (!run_command (&run, spec->commands->pdata[i], error))
      return FALSE;
  gboolean asked = spec->drivers->len > 0 || spec->crs->len > 0
                   || (spec->codecs != NULL && spec->codecs[0] != NULL);
  if ((asked
       && !terrane_run_operations (&run, "asked", "profile", terrane_validation_asked_config (spec),
                                   NULL, error))
      || (spec->suite_geo && !run_geo (&run, error)))
    return FALSE;
  hold_against_memory (&run);
  *out_results = g_steal_pointer (&run.results);
  return TRUE;
}
