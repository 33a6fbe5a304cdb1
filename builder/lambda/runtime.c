#include "builder/lambda/runtime.h"

#include <string.h>

enum
{
  RETRY_USECS = 2000, /* until a part without room is offered again */
};

/* STARTING → WAITING → RUNNING (→ STREAMING) → ANSWERED → WAITING …; STARTING → FAILED */
typedef enum
{
  STATE_STARTING,
  STATE_WAITING, /* inside of next() */
  STATE_RUNNING,
  STATE_STREAMING, /* inside of a response */
  STATE_ANSWERED,
  STATE_FAILED,
} State;

/* AWS's names in its messages. */
static const char *const state_names[] = {
  [STATE_STARTING] = "RuntimeStarted",      [STATE_WAITING] = "RuntimeReady",
  [STATE_RUNNING] = "RuntimeRunning",       [STATE_STREAMING] = "RuntimeInvocationResponse",
  [STATE_ANSWERED] = "RuntimeResponseSent", [STATE_FAILED] = "RuntimeInitErrored",
};

struct _TerraneRuntime
{
  GMutex mutex;
  GCond changed;
  State state;
  gboolean ended;
  gboolean has_event; /* submitted and not fetched yet */
  TerraneInvocation invocation;
  gboolean has_answer;
  TerraneAnswer answer;
};

void
terrane_invocation_clear (TerraneInvocation *self)
{
  g_clear_pointer (&self->request_id, g_free);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_clear_pointer (&self->trace_id, g_free);
  g_clear_pointer (&self->client_context, g_free);
}

void
terrane_answer_clear (TerraneAnswer *self)
{
  g_clear_pointer (&self->error_type, g_free);
  g_clear_pointer (&self->body, g_bytes_unref);
}

static void
invocation_copy (const TerraneInvocation *self, TerraneInvocation *out)
{
  terrane_invocation_clear (out);
  *out = (TerraneInvocation){ .request_id = g_strdup (self->request_id),
                              .payload = g_bytes_ref (self->payload),
                              .deadline_ms = self->deadline_ms,
                              .trace_id = g_strdup (self->trace_id),
                              .client_context = g_strdup (self->client_context),
                              .stream = self->stream,
                              .stream_data = self->stream_data };
}

TerraneRuntime *
terrane_runtime_new (void)
{
  TerraneRuntime *self = g_new0 (TerraneRuntime, 1);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  return self;
}

void
terrane_runtime_free (TerraneRuntime *self)
{
  if (self == NULL)
    return;
  terrane_invocation_clear (&self->invocation);
  terrane_answer_clear (&self->answer);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

static void
change (TerraneRuntime *self, State state)
{
  self->state = state;
  g_cond_broadcast (&self->changed);
}

/* A second next() while the first one waits is allowed: the runtime has lost the connection. */
TerraneRuntimeStatus
terrane_runtime_next (TerraneRuntime *self, TerraneInvocation *out_invocation)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (self->ended)
    return TERRANE_RUNTIME_CLOSED;
  if (self->state == STATE_RUNNING || self->state == STATE_STREAMING || self->state == STATE_FAILED)
    return TERRANE_RUNTIME_WRONG_STATE;
  change (self, STATE_WAITING);
  while (!self->has_event && !self->ended)
    g_cond_wait (&self->changed, &self->mutex);
  if (self->ended)
    return TERRANE_RUNTIME_CLOSED;
  self->has_event = FALSE;
  change (self, STATE_RUNNING);
  *out_invocation = (TerraneInvocation){ 0 };
  invocation_copy (&self->invocation, out_invocation);
  return TERRANE_RUNTIME_OK;
}

/* AWS checks the id first. */
static TerraneRuntimeStatus
check_locked (const TerraneRuntime *self, const char *request_id)
{
  if (self->ended)
    return TERRANE_RUNTIME_CLOSED;
  if (self->invocation.request_id == NULL || strcmp (request_id, self->invocation.request_id) != 0)
    return TERRANE_RUNTIME_WRONG_REQUEST_ID;
  return self->state == STATE_RUNNING ? TERRANE_RUNTIME_OK : TERRANE_RUNTIME_WRONG_STATE;
}

TerraneRuntimeStatus
terrane_runtime_check (TerraneRuntime *self, const char *request_id)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  return check_locked (self, request_id);
}

static void
take_answer (TerraneRuntime *self, TerraneAnswer *answer)
{
  terrane_answer_clear (&self->answer);
  self->answer = *answer;
  *answer = (TerraneAnswer){ 0 };
  self->has_answer = TRUE;
}

TerraneRuntimeStatus
terrane_runtime_answer (TerraneRuntime *self, const char *request_id, TerraneAnswer *answer)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  TerraneRuntimeStatus status = check_locked (self, request_id);
  if (status != TERRANE_RUNTIME_OK)
    return status;
  take_answer (self, answer);
  change (self, STATE_ANSWERED);
  return TERRANE_RUNTIME_OK;
}

gboolean
terrane_runtime_begin_stream (TerraneRuntime *self, const char *request_id)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (check_locked (self, request_id) != TERRANE_RUNTIME_OK || self->invocation.stream == NULL)
    return FALSE;
  change (self, STATE_STREAMING);
  return TRUE;
}

static gboolean
is_ended (TerraneRuntime *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  return self->ended;
}

/* Without the lock, since the receiver may take any time; the invocation does not change before the
 * stream has ended. */
void
terrane_runtime_stream (TerraneRuntime *self, const char *bytes, size_t len)
{
  while (!is_ended (self) && !self->invocation.stream (bytes, len, self->invocation.stream_data))
    g_usleep (RETRY_USECS);
}

TerraneRuntimeStatus
terrane_runtime_end_stream (TerraneRuntime *self, TerraneAnswer *answer)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (self->ended)
    return TERRANE_RUNTIME_CLOSED;
  answer->streamed = TRUE;
  take_answer (self, answer);
  change (self, STATE_ANSWERED);
  return TERRANE_RUNTIME_OK;
}

TerraneRuntimeStatus
terrane_runtime_init_error (TerraneRuntime *self, TerraneAnswer *answer)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (self->ended)
    return TERRANE_RUNTIME_CLOSED;
  if (self->state != STATE_STARTING)
    return TERRANE_RUNTIME_WRONG_STATE;
  take_answer (self, answer);
  change (self, STATE_FAILED);
  return TERRANE_RUNTIME_OK;
}

const char *
terrane_runtime_state_name (TerraneRuntime *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  return state_names[self->state];
}

static TerraneRuntimeWait
wait_for (TerraneRuntime *self, gint64 deadline, gboolean (*done) (const TerraneRuntime *self))
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  gboolean in_time = TRUE;
  while (in_time && !done (self) && !self->ended && self->state != STATE_FAILED)
    in_time = g_cond_wait_until (&self->changed, &self->mutex, deadline);
  if (done (self))
    return TERRANE_RUNTIME_DONE;
  if (self->state == STATE_FAILED)
    return TERRANE_RUNTIME_FAILED;
  return self->ended ? TERRANE_RUNTIME_ENDED : TERRANE_RUNTIME_TIMEOUT;
}

static gboolean
is_ready (const TerraneRuntime *self)
{
  return self->state == STATE_WAITING && !self->ended;
}

static gboolean
is_answered (const TerraneRuntime *self)
{
  return self->has_answer;
}

TerraneRuntimeWait
terrane_runtime_wait_ready (TerraneRuntime *self, gint64 deadline)
{
  return wait_for (self, deadline, is_ready);
}

void
terrane_runtime_submit (TerraneRuntime *self, const TerraneInvocation *invocation)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  invocation_copy (invocation, &self->invocation);
  terrane_answer_clear (&self->answer);
  self->has_answer = FALSE;
  self->has_event = TRUE;
  g_cond_broadcast (&self->changed);
}

TerraneRuntimeWait
terrane_runtime_wait_answer (TerraneRuntime *self, gint64 deadline)
{
  return wait_for (self, deadline, is_answered);
}

gboolean
terrane_runtime_take_answer (TerraneRuntime *self, TerraneAnswer *out_answer)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (!self->has_answer)
    return FALSE;
  *out_answer = self->answer;
  self->answer = (TerraneAnswer){ 0 };
  self->has_answer = FALSE;
  return TRUE;
}

void
terrane_runtime_end (TerraneRuntime *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
}
