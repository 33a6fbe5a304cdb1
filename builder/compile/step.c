#include "builder/compile/step.h"

#include "builder/sandbox/bwrap.h"
#include "builder/sandbox/session.h"

#include "oci/base/capture.h"
#include "oci/base/error.h"

#include <signal.h>

enum
{
  TICK_USECS = 100 * 1000,
  STOP_USECS = G_USEC_PER_SEC,   /* until a killed program's usage is known */
  MAX_WAITING = 4 * 1024 * 1024, /* of output: then the program waits */
  END_BYTES = 128 * 1024,        /* of the output that are kept for messages */
};

/* A running step. */
typedef struct
{
  const TerraneStep *step;
  TerraneStepEnd *end;
  OciCapture capture;
  GMutex mutex;
  GString *waiting; /* output that was not passed on yet; also used by the session's thread */
} Running;

void
terrane_step_end_clear (TerraneStepEnd *self)
{
  g_clear_pointer (&self->output, g_free);
}

gboolean
terrane_step_end_is_good (const TerraneStepEnd *self)
{
  return !self->timed_out && !self->out_of_memory && !self->too_many_processes && !self->out_of_disk
         && !self->unwatched && self->exit_code == 0;
}

static void
on_output (const char *bytes, size_t len, gpointer data)
{
  Running *self = data;
  g_mutex_lock (&self->mutex);
  g_string_append_len (self->waiting, bytes, (gssize) len);
  g_mutex_unlock (&self->mutex);
}

static gboolean
is_full (gpointer data)
{
  Running *self = data;
  g_mutex_lock (&self->mutex);
  gboolean full = self->waiting->len > MAX_WAITING;
  g_mutex_unlock (&self->mutex);
  return full;
}

static gboolean
pass_on (Running *self, GError **error)
{
  g_mutex_lock (&self->mutex);
  g_autoptr (GString) taken = self->waiting;
  self->waiting = g_string_new (NULL);
  g_mutex_unlock (&self->mutex);
  oci_capture_take (&self->capture, taken->str, taken->len);
  return self->step->output (taken->str, taken->len, self->step->data, error);
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  terrane_session_kill (data);
}

static void
stop (TerraneSession *session)
{
  terrane_session_stop (session);
  if (!terrane_session_wait_until (session, g_get_monotonic_time () + STOP_USECS))
    terrane_session_kill (session);
}

/* Returns: FALSE if its output cannot be kept */
static gboolean
watch (Running *self, TerraneSession *session, GError **error)
{
  gboolean stopped = FALSE, ok = TRUE;
  while (!terrane_session_wait_until (session, g_get_monotonic_time () + TICK_USECS))
    {
      ok = ok && pass_on (self, error);
      if (stopped) /* it is ending */
        continue;
      self->end->timed_out = g_get_monotonic_time () >= self->step->deadline;
      self->end->out_of_disk = terrane_disk_watch_look (self->step->disk, FALSE);
      stopped = !ok || self->end->timed_out || self->end->out_of_disk;
      if (stopped)
        stop (session);
    }
  return pass_on (self, ok ? error : NULL) && ok;
}

static void
take_end (Running *self, const TerraneSessionEnd *end)
{
  TerraneStepEnd *result = self->end;
  result->out_of_memory = end->out_of_memory;
  result->too_many_processes = end->too_many_processes;
  result->unwatched = end->unwatched;
  result->not_executed = !end->executed;
  result->exit_code = end->exit_code;
  result->signal = end->signal;
  result->output = oci_capture_text (&self->capture);
}

static gboolean
run (Running *self, GError **error)
{
  TerraneSessionEnd end;
  const TerraneStep *step = self->step;
  const TerraneSessionOptions options = { .memory_bytes = step->sandbox->memory_bytes,
                                          .limit_only = TRUE,
                                          .files = step->files,
                                          .output = on_output,
                                          .output_full = is_full,
                                          .output_data = self };
  g_autoptr (TerraneSession) session =
      terrane_session_start (step->sandbox, step->argv, &options, NULL, error);
  if (session == NULL)
    return FALSE;
  gulong handler = 0;
  if (step->cancellable != NULL)
    handler = g_cancellable_connect (step->cancellable, G_CALLBACK (on_cancelled), session, NULL);
  terrane_session_release (session);
  gboolean ok = watch (self, session, error);
  terrane_session_wait (session, &end);
  ok = pass_on (self, ok ? error : NULL) && ok;
  g_cancellable_disconnect (step->cancellable, handler);
  take_end (self, &end);
  if (g_cancellable_is_cancelled (step->cancellable))
    {
      g_clear_error (error);
      return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
    }
  if (!ok)
    return FALSE;
  self->end->out_of_disk = self->end->out_of_disk || terrane_disk_watch_look (step->disk, TRUE);
  self->end->too_deep = step->disk->used >= TERRANE_DISK_TOO_DEEP;
  return end.made || terrane_bwrap_throw_not_made (self->end->output, error);
}

gboolean
terrane_step_run (const TerraneStep *self, TerraneStepEnd *out_end, GError **error)
{
  Running running = { .step = self, .end = out_end, .waiting = g_string_new (NULL) };
  *out_end = (TerraneStepEnd){ 0 };
  if (g_cancellable_is_cancelled (self->cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  oci_capture_init (&running.capture, 0, END_BYTES);
  g_mutex_init (&running.mutex);
  gboolean ok = run (&running, error);
  g_mutex_clear (&running.mutex);
  g_string_free (running.waiting, TRUE);
  oci_capture_clear (&running.capture);
  return ok;
}
