#include "oci/registry/transfer.h"

typedef struct
{
  OciTransferFunc func;
  gpointer data;
  GCancellable *stop; /* by the user, or by the first failure */
  GMutex mutex;       /* guards @failure */
  GError *failure;    /* (nullable): the first one */
} Transfers;

static void
run_in_thread (gpointer item, gpointer data)
{
  Transfers *self = data;
  g_autoptr (GError) local = NULL;
  if (g_cancellable_is_cancelled (self->stop))
    oci_throw (&local, OCI_ERROR_CANCELLED, "interrupted");
  else
    (void) self->func (self->data, item, self->stop, &local); /* kept below */
  if (local == NULL)
    return;
  g_mutex_lock (&self->mutex);
  if (self->failure == NULL)
    self->failure = g_steal_pointer (&local);
  g_mutex_unlock (&self->mutex);
  g_cancellable_cancel (self->stop);
}

static gboolean
contains (const GPtrArray *blobs, const OciDescriptor *blob)
{
  for (guint i = 0; i < blobs->len; i++)
    {
      const OciDescriptor *other = blobs->pdata[i];
      if (oci_digest_equal (&other->digest, &blob->digest))
        return TRUE;
    }
  return FALSE;
}

static int
compare_size (gconstpointer a, gconstpointer b)
{
  const OciDescriptor *x = *(const OciDescriptor *const *) a;
  const OciDescriptor *y = *(const OciDescriptor *const *) b;
  return (x->size < y->size) - (x->size > y->size);
}

static void
forward_cancel (G_GNUC_UNUSED GCancellable *cancellable, GCancellable *stop)
{
  g_cancellable_cancel (stop);
}

gboolean
oci_transfer_blobs (const GPtrArray *blobs, unsigned jobs, OciTransferFunc func, gpointer data,
                    GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) queue = g_ptr_array_new (); /* borrowed from @blobs */
  for (guint i = 0; i < blobs->len; i++)
    if (!contains (queue, blobs->pdata[i]))
      g_ptr_array_add (queue, blobs->pdata[i]);
  if (queue->len == 0)
    return TRUE;
  g_ptr_array_sort (queue, compare_size);

  g_autoptr (GCancellable) stop = g_cancellable_new ();
  Transfers self = { .func = func, .data = data, .stop = stop };
  g_mutex_init (&self.mutex);
  gulong handler =
      cancellable != NULL
          ? g_cancellable_connect (cancellable, G_CALLBACK (forward_cancel), stop, NULL)
          : 0;
  int threads = (int) CLAMP (jobs, 1, queue->len);
  GThreadPool *pool = g_thread_pool_new (run_in_thread, &self, threads, FALSE, NULL);
  for (guint i = 0; i < queue->len; i++)
    g_thread_pool_push (pool, queue->pdata[i], NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  if (cancellable != NULL)
    g_cancellable_disconnect (cancellable, handler);
  g_mutex_clear (&self.mutex);
  if (self.failure == NULL)
    return TRUE;
  g_propagate_error (error, self.failure);
  return FALSE;
}
