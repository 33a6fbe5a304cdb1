/* validate.invoke: the function, as terrane invoke runs it, must answer an event. */
#include "builder/lambda/lambda-report.h"
#include "builder/validation/json-subset.h"
#include "builder/validation/probes-private.h"

enum
{
  DEFAULT_MEMORY_MIB = 3008, /* those of terrane invoke */
  DEFAULT_TIMEOUT_MS = 300 * 1000,
  MIN_MEMORY_MIB = 128, /* Lambda's */
};

char *
terrane_invoke_probe_name (const TerraneProfile *profile, guint index)
{
  const TerraneInvokeSpec *spec = profile->validate.invoke->pdata[index];
  g_autofree char *event = spec->event_path != NULL ? g_path_get_basename (spec->event_path)
                                                    : g_strdup_printf ("event %u", index);
  const char *function = spec->handler != NULL ? spec->handler
                         : spec->cmd != NULL   ? spec->cmd[0]
                                               : NULL;
  return function != NULL ? g_strdup_printf ("%s %s", function, event) : g_steal_pointer (&event);
}

static unsigned
memory_mib (const TerraneLimitsSpec *limits, const TerraneInvokeSpec *spec)
{
  uint64_t bytes = spec->memory_bytes != 0 ? spec->memory_bytes : limits->memory;
  return bytes == 0 ? DEFAULT_MEMORY_MIB : MAX ((unsigned) (bytes >> 20), MIN_MEMORY_MIB);
}

static char **
function_env (const TerraneProbes *self, const TerraneInvokeSpec *spec, const char *handler)
{
  g_autoptr (GPtrArray) extra = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) image_env = oci_image_config_env (self->config);
  const char *name;
  json_t *value;
  json_object_foreach (spec->env, name, value)
      g_ptr_array_add (extra, g_strconcat (name, "=", json_string_value (value), NULL));
  g_ptr_array_add (extra, NULL);
  return terrane_lambda_env (self->profile->name, (const char *const *) image_env, handler,
                             memory_mib (self->limits, spec), (const char *const *) extra->pdata);
}

void
terrane_invoke_probe_judge (const TerraneInvokeSpec *spec, const TerraneLambdaResult *answer,
                            TerraneProbeResult *result)
{
  g_autoptr (GString) reason = g_string_new (NULL);
  g_autoptr (OciJsonValue) body = terrane_lambda_body_to_json (answer->body);
  if (answer->error_type != NULL)
    {
      terrane_lambda_describe_error (answer, reason);
      (void) g_string_replace (reason, "\n  ", "\n", 0); /* results are indented when printed */
    }
  else if (spec->expect != NULL)
    {
      g_autofree char *found = terrane_json_subset (spec->expect, body);
      if (found != NULL)
        g_string_append_printf (reason, "in its answer, %s", found);
    }
  else if (answer->init_timed_out && !spec->slow_init)
    g_string_append (
        reason, "its initialisation took longer than Lambda's 10 s: Lambda kills it and begins "
                "again, on the event's time. Do less before the first event, or accept it "
                "with ‘slow_init’");
  if (reason->len > 0)
    result->reason = g_string_free (g_steal_pointer (&reason), FALSE);
}

static void
fill_in (const TerraneLambdaResult *answer, TerraneProbeResult *result)
{
  result->timed_out = g_strcmp0 (answer->error_type, "Sandbox.Timedout") == 0;
  result->wall_usecs = (uint64_t) ((answer->init_ms + answer->duration_ms) * 1000);
  result->peak_bytes = answer->max_memory_bytes;
  result->more = json_object ();
  if (answer->memory_method != NULL)
    oci_json_set (result->more, "memory_method", oci_json_text (answer->memory_method));
  if (answer->error_type != NULL)
    oci_json_set (result->more, "error_type", oci_json_text (answer->error_type));
  oci_json_set (result->more, "init_timed_out", json_boolean (answer->init_timed_out));
  oci_json_set (result->more, "init_usecs", json_integer ((json_int_t) (answer->init_ms * 1000)));
  oci_json_set (result->more, "duration_usecs",
                json_integer ((json_int_t) (answer->duration_ms * 1000)));
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  terrane_lambda_cancel (data);
}

gboolean
terrane_invoke_probe_run (const TerraneProbes *self, guint index, TerraneProbeResult *result,
                          GError **error)
{
  const TerraneInvokeSpec *spec = self->spec->invoke->pdata[index];
  g_auto (TerraneLogTail) log = { 0 };
  g_auto (TerraneLambdaResult) answer = { 0 };
  const char *const *cmd = (const char *const *) spec->cmd;
  g_auto (GStrv) argv = oci_image_config_argv_with (self->config, cmd, spec->handler);
  g_auto (GStrv) own_cmd = oci_image_config_cmd (self->config);
  const char *handler = spec->handler != NULL ? spec->handler : cmd != NULL ? cmd[0] : own_cmd[0];
  g_auto (GStrv) env = function_env (self, spec, handler);
  terrane_log_tail_init (&log);
  if (argv[0] == NULL)
    {
      result->reason = g_strdup ("the image has neither entrypoint nor command");
      return TRUE;
    }
  const TerraneLambdaOptions options = {
    .name = self->profile->name,
    .root = self->root,
    .argv = (const char *const *) argv,
    .env = (const char *const *) env,
    .working_dir = oci_image_config_working_dir (self->config),
    .tmp_bytes = self->limits->tmp,
    .memory_mib = memory_mib (self->limits, spec),
    .sandbox = self->sandbox,
    .emulator = self->emulator,
    .mounts = self->mounts,
    .network = self->network,
    .timeout_ms = terrane_emulator_slowdown (self->emulator)
                  * (spec->timeout_ms != 0 ? (unsigned) spec->timeout_ms : DEFAULT_TIMEOUT_MS),
    .output = terrane_log_tail_write,
    .data = &log,
  };
  const TerraneLambdaEvent event = { .payload = self->events->pdata[index] };
  g_autoptr (TerraneLambda) lambda = terrane_lambda_new (&options);
  gulong cancelled = 0;
  if (self->cancellable != NULL)
    cancelled = g_cancellable_connect (self->cancellable, G_CALLBACK (on_cancelled), lambda, NULL);
  gboolean ok = terrane_lambda_invoke (lambda, &event, &answer, error);
  g_cancellable_disconnect (self->cancellable, cancelled);
  if (!ok)
    return FALSE;
  fill_in (&answer, result);
  terrane_invoke_probe_judge (spec, &answer, result);
  result->output = terrane_log_tail_text (&log);
  return TRUE;
}
