#include "builder/sandbox/sandbox.h"

#include "builder/sandbox/bare.h"
#include "builder/sandbox/bwrap.h"
#include "builder/sandbox/session.h"
#include "oci/base/capture.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum
{
  STOP_USECS = 1000 * 1000, /* until a killed program's usage is known */
  KEEP_BYTES = 128 * 1024,  /* of the start and of the end of its output */
};

void
terrane_process_result_clear (TerraneProcessResult *self)
{
  g_clear_pointer (&self->output, g_free);
}

/* One run of a program. */
typedef struct
{
  OciCapture capture; /* written by the session's thread until the end */
  TerraneProcessResult *result;
  uint64_t deadline_ms; /* 0 for none */
  gint64 started;       /* monotonic */
  gint64 deadline;      /* monotonic; 0 for none */
} Run;

static void
on_output (const char *bytes, size_t len, gpointer data)
{
  Run *run = data;
  oci_capture_take (&run->capture, bytes, len);
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  terrane_session_kill (data);
}

static void
wait_for_end (TerraneSession *session, Run *run, TerraneSessionEnd *out_end)
{
  run->result->timed_out =
      run->deadline != 0 && !terrane_session_wait_until (session, run->deadline);
  if (run->result->timed_out)
    {
      terrane_session_stop (session);
      if (!terrane_session_wait_until (session, run->deadline + STOP_USECS))
        terrane_session_kill (session);
    }
  terrane_session_wait (session, out_end);
}

static void
take_end (TerraneSession *session, const TerraneSessionEnd *end, Run *run)
{
  TerraneProcessResult *result = run->result;
  result->exit_code = result->timed_out ? -1 : end->exit_code;
  result->signal = result->timed_out ? SIGKILL : end->signal;
  result->cpu_usecs = end->cpu_usecs;
  result->peak_rss_bytes = end->peak_process_bytes;
  result->read_bytes = end->read_bytes;
  result->major_faults = end->major_faults;
  if (end->out_of_memory) /* the usage of its processes is not known; the sum over all of them is */
    result->peak_rss_bytes = MAX (result->peak_rss_bytes, terrane_session_peak_bytes (session));
  result->out_of_memory = end->out_of_memory;
  result->memory_method = end->memory_method;
  g_autofree char *output = oci_capture_text (&run->capture);
  if (end->too_many_processes)
    result->output = g_strdup_printf ("%s\nkilled for more than %d processes and threads\n", output,
                                      TERRANE_SESSION_MAX_PROCESSES);
  else if (end->unwatched)
    result->output = g_strdup_printf ("%s\nkilled: " TERRANE_SESSION_UNWATCHED "\n", output);
  else
    result->output = g_steal_pointer (&output);
}

static gboolean
run_session (const TerraneSandbox *self, const char *const *argv, const TerraneSandboxFile *files,
             Run *run, GCancellable *cancellable, GError **error)
{
  TerraneSessionEnd end;
  const TerraneSessionOptions options = {
    .memory_bytes = self->memory_bytes, .files = files, .output = on_output, .output_data = run
  };
  g_autoptr (TerraneSession) session = terrane_session_start (self, argv, &options, NULL, error);
  if (session == NULL)
    return FALSE;
  if (self->kind == TERRANE_SANDBOX_NONE) /* copying the image is not part of the measurement */
    run->started = g_get_monotonic_time ();
  if (run->deadline_ms != 0)
    run->deadline = run->started + (gint64) MIN (run->deadline_ms, G_MAXINT) * 1000;
  gulong handler = 0;
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), session, NULL);
  terrane_session_release (session);
  wait_for_end (session, run, &end);
  g_cancellable_disconnect (cancellable, handler);
  take_end (session, &end, run);
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  if (!end.made && self->kind == TERRANE_SANDBOX_PODMAN)
    return oci_throw (error, OCI_ERROR_IO, "--sandbox podman: %s", run->result->output);
  return end.made || terrane_bwrap_throw_not_made (run->result->output, error);
}

gboolean
terrane_sandbox_run (const TerraneSandbox *self, const char *const *argv,
                     const TerraneSandboxFile *files, uint64_t deadline_ms,
                     GCancellable *cancellable, TerraneProcessResult *out_result, GError **error)
{
  Run run = { .result = out_result,
              .deadline_ms = deadline_ms,
              .started = g_get_monotonic_time () };
  *out_result = (TerraneProcessResult){ .sandbox = terrane_sandbox_kind_name (self->kind) };
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  oci_capture_init (&run.capture, KEEP_BYTES, KEEP_BYTES);
  gboolean ok = run_session (self, argv, files, &run, cancellable, error);
  out_result->wall_usecs = (uint64_t) (g_get_monotonic_time () - run.started);
  oci_capture_clear (&run.capture);
  return ok;
}

const char *const *
terrane_sandbox_unconfined (TerraneSandboxKind kind)
{
  return kind == TERRANE_SANDBOX_NONE ? terrane_bare_unconfined () : NULL;
}
