/* Work on several threads. If the system refuses to start a thread, the work continues with fewer,
 * down to the caller's own; GLib's pools would wait forever, and g_thread_new() would end the
 * process. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* %s is GLib's reason. */
#define OCI_NO_THREAD                                                                              \
  "no thread can be started: %s; look at the limits of processes and memory (ulimit -u, "          \
  "ulimit -v, the cgroup's pids.max)"

/**
 * oci_thread_start:
 * Like g_thread_new(), but sets an error that names the limits to look at if no thread can be
 * started.
 *
 * Returns: (transfer full): for g_thread_join()
 * Errors: %OCI_ERROR_IO.
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
 * @jobs: maximal number of concurrent calls, at least 1; the caller's thread is one of them
 *
 * Calls @func for each item. After the first failure, or once @cancellable is triggered, no further
 * item is begun.
 *
 * Errors: the first failure of @func; %OCI_ERROR_CANCELLED.
 */
gboolean oci_parallel_each (const GPtrArray *items, unsigned jobs, OciParallelFunc func,
                            gpointer data, GCancellable *cancellable, GError **error);

/* Threads for items that become available while earlier ones are worked on. */
typedef struct _OciWorkers OciWorkers;

/**
 * oci_workers_new:
 * @jobs: maximal number of threads, at least 1; each is started when there is work for it
 * @func: called with an item and @data
 *
 * Returns: (transfer full): workers without any thread yet
 */
OciWorkers *oci_workers_new (unsigned jobs, GFunc func, gpointer data);

/** Gives an item to a thread. If no thread could be started, the caller's own thread works on it
 * before this returns. Items are begun in the order of the calls. */
void oci_workers_push (OciWorkers *self, gpointer item);

/** Waits until all items are done, then frees the workers. */
void oci_workers_free (OciWorkers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciWorkers, oci_workers_free)

G_END_DECLS
