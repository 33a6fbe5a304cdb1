#include "oci/registry/transfer.h"

#include "oci/base/parallel.h"

typedef struct
{
  OciTransferFunc func;
  gpointer data;
} Transfers;

static gboolean
transfer (gpointer data, gpointer item, GCancellable *stop, GError **error)
{
  const Transfers *self = data;
  return self->func (self->data, item, stop, error);
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

gboolean
oci_transfer_blobs (const GPtrArray *blobs, unsigned jobs, OciTransferFunc func, gpointer data,
                    GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) queue = g_ptr_array_new (); /* borrowed from @blobs */
  for (guint i = 0; i < blobs->len; i++)
    if (!contains (queue, blobs->pdata[i]))
      g_ptr_array_add (queue, blobs->pdata[i]);
  g_ptr_array_sort (queue, compare_size);
  Transfers self = { .func = func, .data = data };
  return oci_parallel_each (queue, jobs, transfer, &self, cancellable, error);
}
