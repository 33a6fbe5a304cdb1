/* Work on several threads that goes on with fewer where the system refuses to start one, down to
 * the caller's own. GLib's pools wait for ever in that case, and g_thread_new() ends the process.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* With GLib's reason. */
#define OCI_NO_THREAD                                                                              \
  "no thread can be started: %s; look at the limits of processes and memory (ulimit -u, "          \
  "ulimit -v, the cgroup's pids.max)"

/**
 * oci_thread_start:
 *
 * As g_thread_new(), but a thread that cannot be started is an error, which names the limits to
 * look at.
 *
 * Returns: (transfer full) (nullable): for g_thread_join()
 */
GThread *oci_thread_start (const char *name, GThreadFunc func, gpointer data, GError **error);

/**
 * OciParallelFunc:
 * @stop: triggered by the user, or by the failure of another item
 *
 * Works on one item; called on several threads at the same time.
 */
typedef gboolean (*OciParallelFunc) (gpointer data, gpointer item, GCancellable *stop,
                                     GError **error);

/**
 * oci_parallel_each:
 * @items: taken in their order
 * @jobs: how many at the same time, at least 1; the caller's thread is one of them
 *
 * Calls @func for each item. After the first failure, and when @cancellable is triggered, no item
 * is begun; the error is that first failure, or %OCI_ERROR_CANCELLED.
 */
gboolean oci_parallel_each (const GPtrArray *items, unsigned jobs, OciParallelFunc func,
                            gpointer data, GCancellable *cancellable, GError **error);

/* Threads for items that come one after the other while the earlier ones are worked on. */
typedef struct _OciWorkers OciWorkers;

/**
 * oci_workers_new:
 * @jobs: how many threads at most, at least 1; they are started when there is something to do
 * @func: called with an item and @data
 */
OciWorkers *oci_workers_new (unsigned jobs, GFunc func, gpointer data);

/** Gives an item to a thread. Where no thread could be started, the caller's own thread works on
 * it before this returns. The order in which items are begun is that of the calls. */
void oci_workers_push (OciWorkers *self, gpointer item);

/** Waits until all items are done. */
void oci_workers_free (OciWorkers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciWorkers, oci_workers_free)

G_END_DECLS
