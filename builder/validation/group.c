#include "builder/validation/report.h"
#include "builder/validation/run-private.h"
#include "builder/validation/suite.h"

#include "oci/base/json.h"

#include <string.h>

enum
{
  MAX_FILES = 8, /* passed to one process */
};

/* The working directory is first on sys.path of `python -c`, as for the runtime's `python -m`. */
#define HARNESS_CODE                                                                               \
  "import os, sys; sys.argv = sys.argv[1:]; sys.path[:1] = [p or os.getcwd () for p in "           \
  "sys.path[:1]]; "                                                                                \
  "exec (compile (open (sys.argv[0], 'rb').read (), sys.argv[0], 'exec'))"

void
terrane_run_started (const TerraneRun *self, const char *kind, const char *name)
{
  if (self->validation->started != NULL)
    self->validation->started (self->validation->data, kind, name);
}

unsigned
terrane_run_slowdown (const TerraneRun *self)
{
  return self->sandbox.emulator != NULL ? terrane_emulator_slowdown (self->sandbox.emulator) : 1;
}

static uint64_t
timeout_ms (const TerraneRun *self)
{
  return self->validation->spec->timeout_ms * terrane_run_slowdown (self);
}

char *
terrane_run_describe_end (const TerraneRun *self, const TerraneProcessResult *process, int expected)
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

void
terrane_run_explain (const TerraneRun *self, TerraneResult *result)
{
  const char *message = result->message != NULL ? result->message : "";
  const char *output = result->process.output;
  if (result->status == TERRANE_RESULT_FAILED && result->explanation == NULL)
    result->explanation = terrane_explain (&self->explain, message, output, result->facts);
}

gboolean
terrane_run_execute (const TerraneRun *self, const char *const *argv,
                     const TerraneSandboxFile *files, TerraneProcessResult *out_process,
                     GError **error)
{
  return terrane_sandbox_run (&self->sandbox, argv, files, timeout_ms (self),
                              self->validation->cancellable, out_process, error);
}

gboolean
terrane_run_group (const TerraneRun *self, const char *group, json_t *config,
                   const TerraneSandboxFile *more, const char *kind, TerraneReport *out_report,
                   TerraneProcessResult *out_process, GError **error)
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
  oci_json_set (owned, "group", oci_json_text (group));
  char *text = json_dumps (owned, JSON_COMPACT | JSON_REAL_PRECISION (17));
  const char *const argv[] = {
    self->python, "-c", HARNESS_CODE, TERRANE_SANDBOX_FILES "/harness.py", token, text, NULL
  };
  gboolean ok = terrane_run_execute (self, argv, files, out_process, error);
  free (text);
  if (ok)
    terrane_report_parse (out_process->output, token, kind, out_report);
  return ok;
}

/* Adds the failure of a process that did not report its end. */
static void
add_broken_end (const TerraneRun *self, const char *kind, const char *name, TerraneReport *report,
                TerraneProcessResult *process)
{
  if (report->ended)
    return;
  const char *what = report->begun != NULL ? report->begun : name;
  TerraneResult *result = terrane_result_new (kind, what);
  char *end = terrane_run_describe_end (self, process, 0);
  terrane_result_fail (result,
                       end != NULL ? end : g_strdup ("the process ended before it was through"));
  result->process = *process;
  result->process.output = g_strdup (report->rest);
  g_ptr_array_add (report->results, result);
  terrane_run_explain (self, result);
}

static void
move_results (TerraneRun *self, TerraneReport *report)
{
  while (report->results->len > 0)
    {
      TerraneResult *result = g_ptr_array_steal_index (report->results, 0);
      terrane_run_explain (self, result);
      g_ptr_array_add (self->results, result);
    }
}

gboolean
terrane_run_operations (TerraneRun *self, const char *group, const char *kind, json_t *config,
                        const TerraneSandboxFile *files, GError **error)
{
  g_auto (TerraneReport) report = { 0 };
  g_auto (TerraneProcessResult) process = { 0 };
  terrane_run_started (self, kind, group);
  if (!terrane_run_group (self, group, config, files, kind, &report, &process, error))
    return FALSE;
  add_broken_end (self, kind, group, &report, &process);
  move_results (self, &report);
  return TRUE;
}
