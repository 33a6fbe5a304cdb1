#include "builder/lambda/lambda.h"

#include "builder/lambda/lambda-result.h"
#include "builder/lambda/log-lines.h"
#include "builder/lambda/runtime-api.h"
#include "builder/sandbox/inlet.h"

#include "oci/base/error.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum
{
  INIT_LIMIT_MS = 10 * 1000, /* then Lambda restarts the initialisation, on the invocation's time */
  USECS_PER_MS = 1000,
};

/* One execution environment. */
typedef struct
{
  TerraneRuntime *runtime;
  TerraneRuntimeApi *api;
  TerraneSession *session;
  TerraneLambda *lambda;
  TerraneLogLines lines; /* only for the session's thread */
} Environment;

struct _TerraneLambda
{
  TerraneLambdaOptions options;
  char *arn;
  GMutex busy;  /* held by the current invocation */
  int answered; /* atomic; its answer has arrived, or it has ended */

  GMutex log_mutex;
  GString *log; /* the end of this event's log */

  GMutex mutex;             /* guards the members below */
  Environment *environment; /* only replaced by the invocation */
  gboolean cancelled;
};

/* State of an invocation. */
typedef struct
{
  TerraneInvocation event;
  const TerraneLambdaEvent *given;
  TerraneLambdaResult *result;
  gint64 deadline; /* monotonic */
} Run;

TerraneLambda *
terrane_lambda_new (const TerraneLambdaOptions *options)
{
  TerraneLambda *self = g_new0 (TerraneLambda, 1);
  self->options = *options;
  self->arn = g_strconcat ("arn:aws:lambda:us-east-1:012345678912:function:", options->name, NULL);
  g_mutex_init (&self->busy);
  g_mutex_init (&self->mutex);
  g_mutex_init (&self->log_mutex);
  self->log = g_string_new (NULL);
  return self;
}

static void
environment_free (Environment *self)
{
  if (self == NULL)
    return;
  terrane_session_free (self->session);
  terrane_runtime_end (self->runtime); /* before the server, which waits for its callers */
  terrane_runtime_api_free (self->api);
  terrane_runtime_free (self->runtime);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Environment, environment_free)

static void
set_environment (TerraneLambda *self, Environment *environment)
{
  g_mutex_lock (&self->mutex);
  Environment *old = self->environment;
  self->environment = environment;
  if (environment != NULL && self->cancelled)
    terrane_session_kill (environment->session);
  g_mutex_unlock (&self->mutex);
  environment_free (old);
}

void
terrane_lambda_free (TerraneLambda *self)
{
  if (self == NULL)
    return;
  set_environment (self, NULL);
  g_mutex_clear (&self->busy);
  g_mutex_clear (&self->mutex);
  g_mutex_clear (&self->log_mutex);
  g_string_free (self->log, TRUE);
  g_free (self->arn);
  g_free (self);
}

void
terrane_lambda_cancel (TerraneLambda *self)
{
  g_mutex_lock (&self->mutex);
  self->cancelled = TRUE;
  if (self->environment != NULL)
    terrane_session_kill (self->environment->session); /* its end wakes waiting threads */
  g_mutex_unlock (&self->mutex);
}

static gboolean
is_cancelled (TerraneLambda *self, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean cancelled = self->cancelled;
  g_mutex_unlock (&self->mutex);
  if (cancelled)
    (void) oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  return cancelled;
}

/* Receives output of the function and of Lambda, from several threads. */
static void
on_output (const char *bytes, size_t len, gpointer data)
{
  TerraneLambda *self = data;
  g_mutex_lock (&self->log_mutex);
  g_string_append_len (self->log, bytes, (gssize) len);
  if (self->log->len > TERRANE_LAMBDA_LOG_BYTES)
    g_string_erase (self->log, 0, (gssize) (self->log->len - TERRANE_LAMBDA_LOG_BYTES));
  g_mutex_unlock (&self->log_mutex);
  self->options.output (bytes, len, self->options.data);
}

static void
on_session_output (const char *bytes, size_t len, gpointer data)
{
  Environment *self = data;
  g_autoptr (GString) lines = g_string_sized_new (len);
  terrane_log_lines_take (&self->lines, bytes, len, lines);
  if (lines->len > 0)
    on_output (lines->str, lines->len, self->lambda);
}

static gboolean
on_output_full (gpointer data)
{
  const TerraneLambda *self = ((const Environment *) data)->lambda;
  return self->options.output_full != NULL && self->options.output_full (self->options.data);
}

static void
clear_log (TerraneLambda *self)
{
  g_mutex_lock (&self->log_mutex);
  g_string_truncate (self->log, 0);
  g_mutex_unlock (&self->log_mutex);
}

static GBytes *
copy_log (TerraneLambda *self)
{
  g_mutex_lock (&self->log_mutex);
  GBytes *log = g_bytes_new (self->log->str, self->log->len);
  g_mutex_unlock (&self->log_mutex);
  return log;
}

static void log_line (TerraneLambda *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
log_line (TerraneLambda *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  on_output (line, strlen (line), self);
}

static void
on_ended (G_GNUC_UNUSED const TerraneSessionEnd *end, gpointer data)
{
  terrane_runtime_end (data);
}

static unsigned
port_of (int listener)
{
  struct sockaddr_in address = { 0 };
  socklen_t len = sizeof address;
  return getsockname (listener, (struct sockaddr *) &address, &len) == 0 ? ntohs (address.sin_port)
                                                                         : 0;
}

/* With a network of its own the Runtime API has the same port as on Lambda. On this machine's
 * network its port is a free one, and only the function may use it. Without a sandbox the session
 * chooses the port. */
static gboolean
start_session (TerraneLambda *self, Environment *environment, GError **error)
{
  const TerraneLambdaOptions *options = &self->options;
  /* Without namespaces the port is always on this machine. */
  const gboolean here =
      options->network == TERRANE_NETWORK_HOST && options->sandbox == TERRANE_SANDBOX_BUBBLEWRAP;
  g_auto (GStrv) env = g_strdupv ((char **) options->env);
  g_auto (OciFd) listener = -1;
  TerraneLocalPeer *peer = NULL;
  pid_t init = 0;
  unsigned port = TERRANE_RUNTIME_API_PORT;
  if (here && !terrane_inlet_open_here (&listener, &port, error))
    return FALSE;
  g_autofree char *address = g_strdup_printf ("127.0.0.1:%u", port);
  if (here)
    env = g_environ_setenv (env, "AWS_LAMBDA_RUNTIME_API", address, TRUE);
  const TerraneSandbox sandbox = { .root = options->root,
                                   .env = (const char *const *) env,
                                   .working_dir = options->working_dir,
                                   .tmp_bytes = options->tmp_bytes,
                                   .kind = options->sandbox,
                                   .emulator = options->emulator,
                                   .mounts = options->mounts,
                                   .network = options->network };
  const TerraneSessionOptions session = { .memory_bytes = (uint64_t) options->memory_mib << 20,
                                          .port = here ? 0 : port,
                                          .port_variable = "AWS_LAMBDA_RUNTIME_API",
                                          .out_init = &init,
                                          .output = on_session_output,
                                          .output_full = on_output_full,
                                          .output_data = environment,
                                          .ended = on_ended,
                                          .ended_data = environment->runtime };
  environment->session =
      terrane_session_start (&sandbox, options->argv, &session, here ? NULL : &listener, error);
  if (environment->session == NULL)
    return FALSE;
  const gboolean tree = options->sandbox == TERRANE_SANDBOX_NONE;
  if (here || tree)
    peer = terrane_local_peer_new (init, tree, tree ? port_of (listener) : port);
  environment->api = terrane_runtime_api_start (oci_fd_steal (&listener), environment->runtime,
                                                peer, self->arn, error);
  return environment->api != NULL;
}

static gboolean
start_environment (TerraneLambda *self, GError **error)
{
  g_autoptr (Environment) environment = g_new0 (Environment, 1);
  environment->lambda = self;
  environment->runtime = terrane_runtime_new ();
  if (!start_session (self, environment, error))
    return FALSE;
  terrane_session_release (environment->session);
  set_environment (self, g_steal_pointer (&environment));
  return TRUE;
}

static double
ms_since (gint64 start)
{
  return (double) (g_get_monotonic_time () - start) / USECS_PER_MS;
}

/* The environment cannot be used any more; sets the reason. */
static void
fail_ended (TerraneLambda *self, TerraneLambdaResult *result)
{
  TerraneSessionEnd end;
  terrane_session_kill (self->environment->session);
  terrane_session_wait (self->environment->session, &end);
  terrane_lambda_fail_ended (result, &end);
}

/* Takes the function's own report. */
static void
take_answer (TerraneLambda *self, TerraneLambdaResult *result)
{
  TerraneAnswer answer = { 0 };
  (void) terrane_runtime_take_answer (self->environment->runtime, &answer);
  result->error_type = answer.error_type;
  result->body = answer.body;
  result->streamed = answer.streamed;
  result->by_function = TRUE;
}

static void
clear_answer (TerraneLambdaResult *result)
{
  g_clear_pointer (&result->error_type, g_free);
  g_clear_pointer (&result->body, g_bytes_unref);
  result->by_function = FALSE;
}

/* Lambda only reports failed initialisations. */
static void
report_init (TerraneLambda *self, const TerraneLambdaResult *result, double ms, const char *phase,
             gboolean timed_out)
{
  g_autofree char *status = timed_out
                                ? g_strdup ("timeout")
                                : g_strdup_printf ("error\tError Type: %s", result->error_type);
  if (self->environment != NULL) /* output of the function comes first */
    terrane_session_flush (self->environment->session);
  log_line (self, "INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s\n", ms, phase, status);
}

/* Makes one attempt in a new environment, until the deadline. Returns: FALSE with an error; if
 * @out_ready is FALSE, the result has the reason, unless it was the deadline */
static gboolean
try_to_initialise (TerraneLambda *self, TerraneLambdaResult *result, gint64 deadline,
                   gboolean *out_ready, gboolean *out_timed_out, GError **error)
{
  TerraneRuntimeWait wait = terrane_runtime_wait_ready (self->environment->runtime, deadline);
  *out_ready = wait == TERRANE_RUNTIME_DONE;
  *out_timed_out = wait == TERRANE_RUNTIME_TIMEOUT;
  if (is_cancelled (self, error))
    return FALSE;
  if (wait == TERRANE_RUNTIME_FAILED)
    take_answer (self, result);
  else if (wait == TERRANE_RUNTIME_ENDED)
    fail_ended (self, result);
  return TRUE;
}

/* Makes the environment and waits until it asks for an event. If that fails, or exceeds Lambda's
 * limit, it is restarted on the event's time. If @out_ready is FALSE, the result has the reason. */
static gboolean
initialise (TerraneLambda *self, Run *run, gboolean *out_ready, GError **error)
{
  TerraneLambdaResult *result = run->result;
  gint64 started = g_get_monotonic_time ();
  const TerraneEmulator *emulator = self->options.emulator;
  unsigned slowdown = emulator != NULL ? terrane_emulator_slowdown (emulator) : 1;
  gboolean timed_out = FALSE;
  result->cold = TRUE;
  log_line (self, "INIT_START Runtime Version: terrane\n");
  if (!start_environment (self, error))
    return FALSE;
  if (self->options.sandbox == TERRANE_SANDBOX_NONE) /* the image was copied, which may take long */
    started = g_get_monotonic_time ();
  gint64 limit = started + (gint64) INIT_LIMIT_MS * slowdown * USECS_PER_MS;
  if (!try_to_initialise (self, result, limit, out_ready, &timed_out, error))
    return FALSE;
  result->init_ms = ms_since (started);
  if (*out_ready)
    return TRUE;
  report_init (self, result, result->init_ms, "init", timed_out);
  result->init_timed_out = timed_out;
  result->init_ms = 0; /* the rest is part of the duration */
  clear_answer (result);
  started = g_get_monotonic_time ();
  run->deadline = started + (gint64) self->options.timeout_ms * USECS_PER_MS;
  if (!start_environment (self, error)
      || !try_to_initialise (self, result, run->deadline, out_ready, &timed_out, error))
    return FALSE;
  if (*out_ready)
    return TRUE;
  if (timed_out)
    terrane_lambda_fail_timeout (result, self->options.timeout_ms);
  result->init_failed = TRUE;
  report_init (self, result, ms_since (started), "invoke", timed_out);
  return TRUE;
}

/* Whether a stream broke because its program ended. */
static gboolean
is_truncated (const TerraneLambdaResult *result)
{
  return g_strcmp0 (result->error_type, "Runtime.TruncatedResponse") == 0;
}

/* Returns: whether the environment can still be used */
static gboolean
exchange (TerraneLambda *self, Run *run)
{
  TerraneRuntime *runtime = self->environment->runtime;
  gint64 left_ms = (run->deadline - g_get_monotonic_time ()) / USECS_PER_MS;
  run->event.deadline_ms = g_get_real_time () / USECS_PER_MS + left_ms;
  terrane_runtime_submit (runtime, &run->event);
  TerraneRuntimeWait wait = terrane_runtime_wait_answer (runtime, run->deadline);
  if (wait == TERRANE_RUNTIME_TIMEOUT)
    terrane_lambda_fail_timeout (run->result, self->options.timeout_ms);
  else if (wait == TERRANE_RUNTIME_DONE)
    {
      take_answer (self, run->result);
      g_atomic_int_set (&self->answered, 1);
      /* A broken stream gets its reason from the end of the program. */
      if (run->given->answered != NULL && !is_truncated (run->result))
        run->given->answered (run->result, run->given->answered_data);
      /* Work after the answer is also on the invocation's time. */
      wait = terrane_runtime_wait_ready (runtime, run->deadline);
      run->result->late_timeout = wait == TERRANE_RUNTIME_TIMEOUT;
      if (wait == TERRANE_RUNTIME_ENDED && is_truncated (run->result))
        {
          clear_answer (run->result);
          fail_ended (self, run->result);
        }
    }
  else
    fail_ended (self, run->result);
  return wait == TERRANE_RUNTIME_DONE;
}

static void
report (TerraneLambda *self, const TerraneLambdaResult *result)
{
  const char *id = result->request_id;
  g_autofree char *init = result->init_ms > 0
                              ? g_strdup_printf ("\tInit Duration: %.2f ms", result->init_ms)
                              : g_strdup ("");
  g_autofree char *status = NULL;
  gboolean timed_out =
      result->late_timeout || g_strcmp0 (result->error_type, "Sandbox.Timedout") == 0;
  if (timed_out)
    status = g_strdup ("\tStatus: timeout");
  else if (result->error_type != NULL && (!result->by_function || result->init_failed))
    status = g_strdup_printf ("\tStatus: error\tError Type: %s", result->error_type);
  if (timed_out)
    log_line (self, "%s Task timed out after %.2f seconds\n", id,
              self->options.timeout_ms / 1000.0);
  log_line (self, "END RequestId: %s\n", id);
  log_line (self,
            "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %" G_GUINT64_FORMAT
            " ms\tMemory Size: %u MB\tMax Memory Used: %" G_GUINT64_FORMAT
            " MB%s%s\tMemory Method: %s\n",
            id, result->duration_ms, result->billed_ms, self->options.memory_mib,
            (result->max_memory_bytes + (1U << 20) - 1) >> 20, init, status != NULL ? status : "",
            result->memory_method != NULL ? result->memory_method : "none");
}

static gboolean
run_event (TerraneLambda *self, Run *run, GError **error)
{
  TerraneLambdaResult *result = run->result;
  gboolean ready = TRUE;
  const TerraneLambdaOptions *options = &self->options;
  if (!terrane_lambda_check_working_dir (options->root, options->working_dir, result)
      || !terrane_lambda_check_entrypoint (options->root, options->argv[0], result))
    {
      report_init (self, result, 0, "init", FALSE);
      log_line (self, "START RequestId: %s Version: $LATEST\n", result->request_id);
      report (self, result);
      return TRUE;
    }
  /* An environment that ended after its last answer cannot be used. */
  if (self->environment != NULL
      && terrane_runtime_wait_ready (self->environment->runtime, 0) != TERRANE_RUNTIME_DONE)
    set_environment (self, NULL);
  if (self->environment == NULL && !initialise (self, run, &ready, error))
    return FALSE;
  gint64 started = g_get_monotonic_time ();
  if (run->deadline == 0)
    run->deadline = started + (gint64) self->options.timeout_ms * USECS_PER_MS;
  else
    started = run->deadline - (gint64) self->options.timeout_ms * USECS_PER_MS;
  log_line (self, "START RequestId: %s Version: $LATEST\n", result->request_id);
  gboolean good = ready && exchange (self, run);
  result->duration_ms = MIN (ms_since (started), (double) self->options.timeout_ms);
  result->billed_ms = (uint64_t) ceil (result->duration_ms + result->init_ms);
  terrane_session_flush (self->environment->session);
  result->max_memory_bytes = terrane_session_peak_bytes (self->environment->session);
  result->memory_method = terrane_session_memory_method (self->environment->session);
  if (is_cancelled (self, error))
    return FALSE;
  report (self, result);
  if (!good)
    set_environment (self, NULL);
  return TRUE;
}

/* "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=…;Sampled=0" */
static char *
make_trace_id (void)
{
  return g_strdup_printf ("Root=1-%08x-%08x%08x%08x;Parent=%08x%08x;Sampled=0",
                          (unsigned) (g_get_real_time () / G_USEC_PER_SEC), g_random_int (),
                          g_random_int (), g_random_int (), g_random_int (), g_random_int ());
}

gboolean
terrane_lambda_invoke (TerraneLambda *self, const TerraneLambdaEvent *event,
                       TerraneLambdaResult *out_result, GError **error)
{
  const char *trace_id = event->trace_id;
  *out_result = (TerraneLambdaResult){ 0 };
  /* After seeing the answer to an event, a client may send the next one, which waits for the end of
   * the first. */
  if (!g_mutex_trylock (&self->busy))
    {
      /* One of the clients that see it waits, further ones are too many. */
      if (!event->patient && !g_atomic_int_compare_and_exchange (&self->answered, 1, 0))
        return oci_throw (error, OCI_ERROR_EXISTS, "the function is busy with another event");
      g_mutex_lock (&self->busy);
    }
  g_atomic_int_set (&self->answered, 0);
  Run run = { .given = event,
              .result = out_result,
              .event = { .request_id = g_uuid_string_random (),
                         .payload = g_bytes_ref (event->payload),
                         .trace_id = trace_id != NULL ? g_strdup (trace_id) : make_trace_id (),
                         .client_context = g_strdup (event->client_context),
                         .stream = event->stream,
                         .stream_data = event->stream_data } };
  out_result->request_id = g_strdup (run.event.request_id);
  clear_log (self);
  gboolean ok = !is_cancelled (self, error) && run_event (self, &run, error);
  if (!ok)
    set_environment (self, NULL);
  out_result->log = copy_log (self);
  terrane_invocation_clear (&run.event);
  g_mutex_unlock (&self->busy);
  return ok;
}
