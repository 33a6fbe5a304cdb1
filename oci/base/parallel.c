#include "oci/base/parallel.h"

#include "oci/base/error.h"

typedef struct
{
  const GPtrArray *items;
  OciParallelFunc func;
  gpointer data;
  GCancellable *stop;
  GMutex mutex; /* guards the members below */
  guint next;
  GError *failure; /* (nullable): the first one */
} Loop;

struct _OciWorkers
{
  GFunc func;
  gpointer data;
  GPtrArray *threads; /* of GThread */
  unsigned max;       /* number of threads; lowered when one could not be started */
  GMutex mutex;       /* guards the members below */
  GCond changed;
  GQueue items;
  unsigned idle; /* threads that wait for an item */
  gboolean ends;
};

GThread *
oci_thread_start (const char *name, GThreadFunc func, gpointer data, GError **error)
{
  g_autoptr (GError) local = NULL;
  GThread *thread = g_thread_try_new (name, func, data, &local);
  if (thread == NULL)
    (void) oci_throw (error, OCI_ERROR_IO, OCI_NO_THREAD, local->message);
  return thread;
}

/* Returns: FALSE if there is nothing left to begin */
static gboolean
take_item (Loop *self, gpointer *out_item)
{
  g_mutex_lock (&self->mutex);
  gboolean any = self->next < self->items->len && !g_cancellable_is_cancelled (self->stop);
  if (any)
    *out_item = self->items->pdata[self->next++];
  g_mutex_unlock (&self->mutex);
  return any;
}

static gpointer
run_loop (gpointer data)
{
  Loop *self = data;
  gpointer item = NULL;
  while (take_item (self, &item))
    {
      g_autoptr (GError) local = NULL;
      if (self->func (self->data, item, self->stop, &local))
        continue;
      g_mutex_lock (&self->mutex);
      if (self->failure == NULL)
        self->failure = g_steal_pointer (&local);
      g_mutex_unlock (&self->mutex);
      g_cancellable_cancel (self->stop);
    }
  return NULL;
}

static void
forward_cancel (G_GNUC_UNUSED GCancellable *cancellable, GCancellable *stop)
{
  g_cancellable_cancel (stop);
}

static void
run_on_threads (Loop *self, unsigned n)
{
  g_autofree GThread **threads = g_new0 (GThread *, n);
  unsigned started = 0;
  while (started + 1 < n
         && (threads[started] = g_thread_try_new ("parallel", run_loop, self, NULL)) != NULL)
    started++;
  (void) run_loop (self);
  for (unsigned i = 0; i < started; i++)
    (void) g_thread_join (threads[i]); /* the result is in the loop */
}

gboolean
oci_parallel_each (const GPtrArray *items, unsigned jobs, OciParallelFunc func, gpointer data,
                   GCancellable *cancellable, GError **error)
{
  if (items->len == 0)
    return TRUE;
  g_autoptr (GCancellable) stop = g_cancellable_new ();
  Loop self = { .items = items, .func = func, .data = data, .stop = stop };
  gulong handler =
      cancellable != NULL
          ? g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel), stop, NULL)
          : 0;
  g_mutex_init (&self.mutex);
  run_on_threads (&self, CLAMP (jobs, 1, items->len));
  g_mutex_clear (&self.mutex);
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, handler);
  if (self.failure != NULL)
    {
      g_propagate_error (error, self.failure);
      return FALSE;
    }
  return self.next == items->len || oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
}

/* Called with the mutex held, which is released while the item is worked on. */
static void
work_on_first (OciWorkers *self)
{
  gpointer item = g_queue_pop_head (&self->items);
  g_mutex_unlock (&self->mutex);
  self->func (item, self->data);
  g_mutex_lock (&self->mutex);
}

static gpointer
run_worker (gpointer data)
{
  OciWorkers *self = data;
  g_mutex_lock (&self->mutex);
  while (!self->ends || !g_queue_is_empty (&self->items))
    if (!g_queue_is_empty (&self->items))
      work_on_first (self);
    else
      {
        self->idle++;
        g_cond_wait (&self->changed, &self->mutex);
        self->idle--;
      }
  g_mutex_unlock (&self->mutex);
  return NULL;
}

OciWorkers *
oci_workers_new (unsigned jobs, GFunc func, gpointer data)
{
  OciWorkers *self = g_new0 (OciWorkers, 1);
  self->func = func;
  self->data = data;
  self->max = MAX (jobs, 1);
  self->threads = g_ptr_array_new ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->items);
  return self;
}

void
oci_workers_push (OciWorkers *self, gpointer item)
{
  g_mutex_lock (&self->mutex);
  g_queue_push_tail (&self->items, item);
  gboolean busy = self->idle < g_queue_get_length (&self->items);
  if (self->idle > 0) /* others look at the queue before they wait */
    g_cond_signal (&self->changed);
  g_mutex_unlock (&self->mutex);
  if (busy && self->threads->len < self->max)
    {
      GThread *thread = g_thread_try_new ("worker", run_worker, self, NULL);
      if (thread != NULL)
        g_ptr_array_add (self->threads, thread);
      else
        self->max = self->threads->len;
    }
  if (self->max > 0)
    return;
  g_mutex_lock (&self->mutex);
  work_on_first (self);
  g_mutex_unlock (&self->mutex);
}

void
oci_workers_free (OciWorkers *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->mutex);
  self->ends = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  for (guint i = 0; i < self->threads->len; i++)
    (void) g_thread_join (self->threads->pdata[i]);
  g_ptr_array_unref (self->threads);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}
