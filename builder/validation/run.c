#include "builder/validation/run.h"

#include "builder/sandbox/root-path.h"
#include "builder/validation/certificate.h"
#include "builder/validation/cold.h"
#include "builder/validation/explain.h"
#include "builder/validation/report.h"
#include "builder/validation/suite.h"

#include "oci/base/error.h"
#include "oci/base/json.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  WARM_RUNS = 5,
  MAX_FILES = 8, /* handed to one process */
};

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"
#define DEFAULT_TMP_BYTES (UINT64_C (512) << 20) /* Lambda's */

/* The working directory is first on sys.path of `python -c`, as for the runtime's `python -m`. */
#define HARNESS_CODE                                                                               \
  "import sys; sys.argv = sys.argv[1:]; "                                                          \
  "exec (compile (open (sys.argv[0], 'rb').read (), sys.argv[0], 'exec'))"
/* The same for scripts: run by its name a script would have its own directory there, which has
 * nothing of the image. */
#define SCRIPT_CODE                                                                                \
  "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path (sys.argv[0], run_name='__main__')"

static const char *const geo_groups[] = { "versions", "crs",     "raster", "vector",
                                          "numeric",  "network", "ranges", NULL };
/* Whose libraries are known to get into each other's way, depending on who is first. */
static const char *const clashes[][2] = {
  { "sqlite3", "osgeo.gdal" }, { "sqlite3", "rasterio" }, { "osgeo.gdal", "rasterio" },
  { "rasterio", "fiona" },     { "rasterio", "pyogrio" }, { "pyproj", "rasterio" },
  { "fiona", "pyogrio" },      { "shapely", "rasterio" }, { "shapely", "fiona" },
};

typedef struct
{
  const TerraneValidation *validation;
  TerraneSandbox sandbox;
  TerraneExplainContext explain;
  char *python; /* (nullable) */
  GPtrArray *results;
} Run;

static void
run_clear (Run *self)
{
  if (self->explain.root >= 0)
    (void) close (self->explain.root);
  g_free (self->python);
  g_clear_pointer (&self->results, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, run_clear)

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

static const char *
image_path (const TerraneValidation *self)
{
  for (const char *const *env = self->sandbox->env; env != NULL && *env != NULL; env++)
    if (g_str_has_prefix (*env, "PATH="))
      return *env + strlen ("PATH=");
  return DEFAULT_PATH;
}

/* A program of the image, looked for along its own PATH inside its own file system. */
static char *
find_program (const Run *self, const char *name)
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
prepare (Run *run, GError **error)
{
  const TerraneValidation *self = run->validation;
  for (char **name = self->spec->imports; name != NULL && *name != NULL; name++)
    if (!is_module_name (*name))
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

static void
started (const Run *self, const char *kind, const char *name)
{
  if (self->validation->started != NULL)
    self->validation->started (self->validation->data, kind, name);
}

/* Budgets of time grow with an emulator. */
static unsigned
slowdown (const Run *self)
{
  return self->sandbox.emulator != NULL ? terrane_emulator_slowdown (self->sandbox.emulator) : 1;
}

static uint64_t
timeout_ms (const Run *self)
{
  return self->validation->spec->timeout_ms * slowdown (self);
}

/* What the end of a process says, if it was no good one. */
static char *
describe_end (const Run *self, const TerraneProcessResult *process, int expected)
{
  if (process->timed_out)
    return g_strdup_printf ("was killed after %g s (validate.timeout)",
                            (double) timeout_ms (self) / 1000);
  if (process->out_of_memory)
    return g_strdup_printf ("was killed for more than %.1f MB in memory (limits.memory)",
                            (double) self->sandbox.memory_bytes / 1e6);
  if (process->signal != 0)
    return g_strdup_printf ("was killed by signal %d (%s)", process->signal,
                            strsignal (process->signal));
  if (process->exit_code != expected && expected != 0)
    return g_strdup_printf ("ended with exit code %d, expected %d", process->exit_code, expected);
  return process->exit_code != expected
             ? g_strdup_printf ("failed with exit code %d", process->exit_code)
             : NULL;
}

static void
explain (const Run *self, TerraneResult *result)
{
  const char *message = result->message != NULL ? result->message : "";
  const char *output = result->process.output != NULL ? result->process.output : "";
  g_autofree char *text = g_strconcat (message, "\n", output, NULL);
  if (result->status == TERRANE_RESULT_FAILED && result->explanation == NULL)
    result->explanation = terrane_explain (&self->explain, text, result->facts);
}

static gboolean
execute (const Run *self, const char *const *argv, const TerraneSandboxFile *files,
         TerraneProcessResult *out_process, GError **error)
{
  return terrane_sandbox_run (&self->sandbox, argv, files, timeout_ms (self),
                              self->validation->cancellable, out_process, error);
}

/* A group of operations in a process of its own. @config: (transfer full) */
static gboolean
run_group (const Run *self, const char *group, json_t *config, const TerraneSandboxFile *more,
           const char *kind, TerraneReport *out_report, TerraneProcessResult *out_process,
           GError **error)
{
  g_autoptr (OciJsonValue) owned = config;
  g_autofree char *file = g_strconcat (group, ".py", NULL);
  g_autofree char *token = g_strdup_printf ("@terrane-%08x%08x ", g_random_int (), g_random_int ());
  g_autoptr (GBytes) harness = terrane_suite_file ("harness.py"), code = terrane_suite_file (file);
  TerraneSandboxFile files[MAX_FILES] = {
    { .name = "harness.py", .content = harness, .mode = 0444 },
    { .name = file, .content = code, .mode = 0444 },
  };
  for (size_t i = 0; more != NULL && more[i].name != NULL && i + 3 < MAX_FILES; i++)
    files[i + 2] = more[i];
  oci_json_set (config, "group", oci_json_text (group));
  char *text = json_dumps (config, JSON_COMPACT | JSON_REAL_PRECISION (17));
  const char *const argv[] = {
    self->python, "-c", HARNESS_CODE, TERRANE_SANDBOX_FILES "/harness.py", token, text, NULL
  };
  gboolean ok = execute (self, argv, files, out_process, error);
  free (text);
  if (ok)
    terrane_report_parse (out_process->output, token, kind, out_report);
  return ok;
}

/* The failure of a process that did not say that it was through. */
static void
add_broken_end (const Run *self, const char *kind, const char *name, TerraneReport *report,
                TerraneProcessResult *process)
{
  if (report->ended)
    return;
  const char *what = report->begun != NULL ? report->begun : name;
  TerraneResult *result = terrane_result_new (kind, what);
  char *end = describe_end (self, process, 0);
  terrane_result_fail (result,
                       end != NULL ? end : g_strdup ("the process ended before it was through"));
  result->process = *process;
  result->process.output = g_strdup (report->rest);
  g_ptr_array_add (report->results, result);
  explain (self, result);
}

static void
move_results (Run *self, TerraneReport *report)
{
  while (report->results->len > 0)
    {
      TerraneResult *result = g_ptr_array_steal_index (report->results, 0);
      explain (self, result);
      g_ptr_array_add (self->results, result);
    }
}

static gboolean
run_operations (Run *self, const char *group, const char *kind, json_t *config,
                const TerraneSandboxFile *files, GError **error)
{
  g_auto (TerraneReport) report = { 0 };
  g_auto (TerraneProcessResult) process = { 0 };
  started (self, kind, group);
  if (!run_group (self, group, config, files, kind, &report, &process, error))
    return FALSE;
  add_broken_end (self, kind, group, &report, &process);
  move_results (self, &report);
  return TRUE;
}

static json_t *
module_config (const char *const *modules)
{
  json_t *config = json_object (), *list = json_array ();
  for (; *modules != NULL; modules++)
    oci_json_append (list, oci_json_text (*modules));
  oci_json_set (config, "modules", list);
  return config;
}

/* One fresh process that imports modules in that order. @out_usecs: of the imports alone. */
static gboolean
import_once (const Run *self, const char *const *modules, TerraneResult *result,
             uint64_t *out_usecs, GError **error)
{
  g_auto (TerraneReport) report = { 0 };
  g_auto (TerraneProcessResult) process = { 0 };
  if (!run_group (self, "imports", module_config (modules), NULL, "import", &report, &process,
                  error))
    return FALSE;
  TerraneResult *import = report.results->len > 0 ? report.results->pdata[0] : NULL;
  *out_usecs = import != NULL ? import->process.wall_usecs : 0;
  char *end = describe_end (self, &process, 0);
  if (end == NULL && (import == NULL || !report.ended))
    end = g_strdup ("the process ended before it was through");
  if (end != NULL)
    terrane_result_fail (result, end);
  else if (import->status == TERRANE_RESULT_FAILED)
    terrane_result_fail (result, g_strdup (import->message));
  if (result->process.output == NULL || result->status == TERRANE_RESULT_FAILED)
    {
      g_free (result->process.output);
      uint64_t peak = result->process.peak_rss_bytes;
      result->process = process;
      result->process.peak_rss_bytes = MAX (peak, process.peak_rss_bytes);
      result->process.output = g_strdup (report.rest);
      result->read_bytes = import != NULL ? import->read_bytes : 0;
      json_decref (result->facts);
      result->facts = import != NULL ? json_incref (import->facts) : NULL;
    }
  result->process.peak_rss_bytes = MAX (result->process.peak_rss_bytes, process.peak_rss_bytes);
  return TRUE;
}

/* The first run fills the page cache; those after it are measured, and one with an empty cache. */
static gboolean
measure_import (const Run *self, const char *const *modules, TerraneResult *result, GError **error)
{
  uint64_t usecs = 0;
  result->warm_usecs = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  for (unsigned i = 0; i < WARM_RUNS && result->status == TERRANE_RESULT_PASSED; i++)
    {
      if (!import_once (self, modules, result, &usecs, error))
        return FALSE;
      g_array_append_val (result->warm_usecs, usecs);
    }
  if (result->status != TERRANE_RESULT_PASSED || !terrane_cold_drop (self->explain.root))
    return TRUE;
  g_autoptr (GError) local = NULL;
  TerraneResult *cold = terrane_result_new ("import", result->name);
  gboolean ok = import_once (self, modules, cold, &usecs, error);
  if (ok && cold->status == TERRANE_RESULT_PASSED)
    {
      result->cold_usecs = usecs;
      result->cold_read_bytes = cold->read_bytes;
    }
  terrane_result_free (cold);
  return ok;
}

static gboolean
run_import (Run *self, const char *kind, const char *name, const char *const *modules,
            gboolean measure, GError **error)
{
  uint64_t usecs;
  TerraneResult *result = terrane_result_new (kind, name);
  g_ptr_array_add (self->results, result);
  started (self, kind, name);
  if (!import_once (self, modules, result, &usecs, error)
      || (measure && result->status == TERRANE_RESULT_PASSED
          && !measure_import (self, modules, result, error)))
    return FALSE;
  explain (self, result);
  const TerraneLimitsSpec *limits = self->validation->limits;
  uint64_t median = result->warm_usecs != NULL ? terrane_results_median (result->warm_usecs) : 0;
  if (limits->import_time_ms > 0 && median > limits->import_time_ms * 1000 * slowdown (self))
    terrane_result_fail (
        result, g_strdup_printf ("takes %" G_GUINT64_FORMAT " ms (median of %d), more than "
                                 "limits.import_time, %" G_GUINT64_FORMAT " ms",
                                 median / 1000, WARM_RUNS, limits->import_time_ms));
  return TRUE;
}

static gboolean
has_import (const GPtrArray *passed, const char *module)
{
  size_t len = strcspn (module, ".");
  for (guint i = 0; i < passed->len; i++)
    {
      const char *name = passed->pdata[i];
      if (strncmp (name, module, len) == 0 && (name[len] == '\0' || name[len] == '.'))
        return TRUE;
    }
  return FALSE;
}

static gboolean
run_orders (Run *self, const GPtrArray *present, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (clashes); i++)
    {
      if (!has_import (present, clashes[i][0]) || !has_import (present, clashes[i][1]))
        continue;
      for (size_t first = 0; first < 2; first++)
        {
          const char *modules[] = { clashes[i][first], clashes[i][1 - first], NULL };
          g_autofree char *name = g_strconcat (modules[0], " before ", modules[1], NULL);
          if (!run_import (self, "order", name, modules, FALSE, error))
            return FALSE;
        }
    }
  return TRUE;
}

/* Which of the known packages there are, for the orders that the suite tries. */
static gboolean
probe (Run *self, GPtrArray *present, GError **error)
{
  static const char *const known[] = { "osgeo.gdal", "rasterio", "fiona",   "pyogrio",
                                       "pyproj",     "shapely",  "sqlite3", NULL };
  g_auto (TerraneReport) report = { 0 };
  g_auto (TerraneProcessResult) process = { 0 };
  if (!run_group (self, "probe", module_config (known), NULL, "suite", &report, &process, error))
    return FALSE;
  for (guint i = 0; i < report.results->len; i++)
    {
      const TerraneResult *result = report.results->pdata[i];
      if (result->status == TERRANE_RESULT_PASSED && !has_import (present, result->name))
        g_ptr_array_add (present, g_strdup (result->name));
    }
  return TRUE;
}

static gboolean
run_imports (Run *self, GError **error)
{
  g_autoptr (GPtrArray) passed = g_ptr_array_new_with_free_func (g_free);
  for (char **name = self->validation->spec->imports; name != NULL && *name != NULL; name++)
    {
      const char *const modules[] = { *name, NULL };
      if (!run_import (self, "import", *name, modules, TRUE, error))
        return FALSE;
      const TerraneResult *result = self->results->pdata[self->results->len - 1];
      if (result->status == TERRANE_RESULT_PASSED)
        g_ptr_array_add (passed, g_strdup (*name));
    }
  if (passed->len > 1)
    {
      g_autofree char *name = g_strdup_printf ("%u modules", passed->len);
      g_autoptr (GPtrArray) modules = g_ptr_array_new ();
      for (guint i = 0; i < passed->len; i++)
        g_ptr_array_add (modules, passed->pdata[i]);
      g_ptr_array_add (modules, NULL);
      if (!run_import (self, "together", name, (const char *const *) modules->pdata, FALSE, error))
        return FALSE;
    }
  if (self->validation->spec->suite_geo && self->python != NULL && !probe (self, passed, error))
    return FALSE;
  return run_orders (self, passed, error);
}

static TerraneResult *
run_program (Run *self, const char *kind, const char *name, const char *const *argv,
             const TerraneSandboxFile *files, int expected, GError **error)
{
  TerraneResult *result = terrane_result_new (kind, name);
  g_ptr_array_add (self->results, result);
  started (self, kind, name);
  if (!execute (self, argv, files, &result->process, error))
    return NULL;
  char *end = describe_end (self, &result->process, expected);
  if (end != NULL)
    terrane_result_fail (result, end);
  return result;
}

static gboolean
run_script (Run *self, const TerraneValidationScript *script, GError **error)
{
  g_autofree char *path = g_strdup_printf (TERRANE_SANDBOX_FILES "/%s", script->name);
  const TerraneSandboxFile files[] = {
    { .name = script->name, .content = script->content, .mode = 0555 }, { .name = NULL }
  };
  const char *const python_argv[] = { self->python, "-c", SCRIPT_CODE, path, NULL };
  const char *const program_argv[] = { path, NULL };
  gboolean is_python = g_str_has_suffix (script->name, ".py");
  TerraneResult *result = run_program (self, "script", script->name,
                                       is_python ? python_argv : program_argv, files, 0, error);
  if (result != NULL)
    explain (self, result);
  return result != NULL;
}

static gboolean
run_command (Run *self, const TerraneCommandSpec *command, GError **error)
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
  explain (self, result);
  return TRUE;
}

static gboolean
run_geo (Run *self, GError **error)
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
    if (!run_operations (self, *group, "suite", json_object (),
                         strcmp (*group, "ranges") == 0 ? files : NULL, error))
      return FALSE;
  return TRUE;
}

static void
hold_against_memory (Run *self)
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
  g_auto (Run) run = {
    .validation = self,
    .sandbox = *self->sandbox,
    .explain = { .root = -1, .env = self->sandbox->env, .architecture = self->architecture },
    .results = g_ptr_array_new_with_free_func (terrane_result_free)
  };
  run.sandbox.memory_bytes = self->limits->memory;
  run.sandbox.tmp_bytes = self->limits->tmp > 0 ? self->limits->tmp : DEFAULT_TMP_BYTES;
  if (!prepare (&run, error) || !run_imports (&run, error))
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
       && !run_operations (&run, "asked", "profile", terrane_validation_asked_config (spec), NULL,
                           error))
      || (spec->suite_geo && !run_geo (&run, error)))
    return FALSE;
  hold_against_memory (&run);
  *out_results = g_steal_pointer (&run.results);
  return TRUE;
}
