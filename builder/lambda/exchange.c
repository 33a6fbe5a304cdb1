#include "builder/lambda/exchange.h"

#include "builder/lambda/http-server.h"

#include "oci/base/parallel.h"

#include <string.h>

enum
{
  MAX_WAITING_BYTES = 64 * 1024 * 1024, /* of all exchanges that share a sum */
};

/* Data that have arrived and were not read are in memory, so that a slow reader does not delay the
 * function, which would exceed its timeout; but only up to the limit. One part always has room:
 * slow readers of other exchanges do not block this one. */
struct _TerraneExchange
{
  TerraneLambda *lambda;
  GBytes *payload;
  char *client_context;
  char *trace_id;
  gboolean to_end;
  GThread *thread;

  GMutex mutex;
  GCond changed;
  gsize *waiting;     /* atomic; the sum */
  gboolean abandoned; /* there is no reader any more */
  GQueue parts;       /* GBytes */
  size_t taken;       /* number of bytes of the first one that were read */
  gboolean begun;
  gboolean answered;
  gboolean ended;
  TerraneLambdaResult result; /* contains only the answer until it has ended */
  GError *error;
};

/* Returns: the previous sum */
static gsize
account (TerraneExchange *self, gssize bytes)
{
  return (gsize) g_atomic_pointer_add (self->waiting, bytes);
}

static gboolean
on_part (const char *bytes, size_t len, gpointer data)
{
  TerraneExchange *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (self->abandoned)
    return TRUE;
  if (account (self, (gssize) len) + len > MAX_WAITING_BYTES && !g_queue_is_empty (&self->parts))
    {
      (void) account (self, -(gssize) len);
      return FALSE;
    }
  g_queue_push_tail (&self->parts, g_bytes_new (bytes, len));
  self->begun = TRUE;
  g_cond_broadcast (&self->changed);
  return TRUE;
}

static void
drop_first (TerraneExchange *self)
{
  GBytes *part = g_queue_pop_head (&self->parts);
  (void) account (self, -(gssize) g_bytes_get_size (part));
  g_bytes_unref (part);
  self->taken = 0;
}

static void
copy_answer (const TerraneLambdaResult *from, TerraneLambdaResult *to)
{
  to->request_id = g_strdup (from->request_id);
  to->log = from->log != NULL ? g_bytes_ref (from->log) : NULL;
  to->error_type = g_strdup (from->error_type);
  to->body = from->body != NULL ? g_bytes_ref (from->body) : NULL;
  to->streamed = from->streamed;
  to->by_function = from->by_function;
}

static void
on_answered (const TerraneLambdaResult *result, gpointer data)
{
  TerraneExchange *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  copy_answer (result, &self->result);
  self->answered = TRUE;
  g_cond_broadcast (&self->changed);
}

static gpointer
run_thread (gpointer data)
{
  TerraneExchange *self = data;
  TerraneLambdaResult result = { 0 };
  GError *error = NULL;
  const TerraneLambdaEvent event = { .payload = self->payload,
                                     .client_context = self->client_context,
                                     .trace_id = self->trace_id,
                                     .stream = self->to_end ? NULL : on_part,
                                     .stream_data = self,
                                     .answered = self->to_end ? NULL : on_answered,
                                     .answered_data = self };
  (void) terrane_lambda_invoke (self->lambda, &event, &result, &error);
  g_mutex_lock (&self->mutex);
  if (!self->answered) /* otherwise the waiting thread already has it */
    copy_answer (&result, &self->result);
  self->error = error;
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  terrane_lambda_result_clear (&result);
  return NULL;
}

TerraneExchange *
terrane_exchange_start (TerraneLambda *lambda, const TerraneLambdaEvent *event, gboolean to_end,
                        gsize *waiting, GError **error)
{
  TerraneExchange *self = g_new0 (TerraneExchange, 1);
  self->lambda = lambda;
  self->to_end = to_end;
  self->waiting = waiting;
  self->payload = g_bytes_ref (event->payload);
  self->client_context = g_strdup (event->client_context);
  self->trace_id = g_strdup (event->trace_id);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->parts);
  self->thread = oci_thread_start ("invocation", run_thread, self, error);
  if (self->thread != NULL)
    return self;
  terrane_exchange_free (self);
  return NULL;
}

void
terrane_exchange_free (TerraneExchange *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  self->abandoned = TRUE;
  while (!g_queue_is_empty (&self->parts))
    drop_first (self);
  g_mutex_unlock (&self->mutex);
  if (self->thread != NULL)
    (void) g_thread_join (self->thread);
  terrane_lambda_result_clear (&self->result);
  g_clear_error (&self->error);
  g_bytes_unref (self->payload);
  g_free (self->client_context);
  g_free (self->trace_id);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

gboolean
terrane_exchange_wait (TerraneExchange *self)
{
  g_mutex_lock (&self->mutex);
  while (!self->begun && !self->answered && !self->ended)
    g_cond_wait (&self->changed, &self->mutex);
  gboolean begun = self->begun;
  g_mutex_unlock (&self->mutex);
  return begun;
}

gssize
terrane_exchange_read (char *buffer, size_t max, gpointer data)
{
  TerraneExchange *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  while (g_queue_is_empty (&self->parts) && !self->answered && !self->ended)
    g_cond_wait (&self->changed, &self->mutex);
  GBytes *part = g_queue_peek_head (&self->parts);
  if (part == NULL)
    return (self->answered || self->error == NULL) && self->result.error_type == NULL
               ? TERRANE_HTTP_STREAM_END
               : TERRANE_HTTP_STREAM_BROKEN;
  gsize len = 0;
  const char *bytes = g_bytes_get_data (part, &len);
  size_t n = MIN (max, len - self->taken);
  memcpy (buffer, bytes + self->taken, n);
  self->taken += n;
  if (self->taken == len)
    drop_first (self);
  return (gssize) n;
}

const TerraneLambdaResult *
terrane_exchange_result (TerraneExchange *self, GError **error)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (self->answered || self->error == NULL)
    return &self->result;
  if (error != NULL)
    *error = g_error_copy (self->error);
  return NULL;
}
