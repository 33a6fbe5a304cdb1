#include "oci/base/parallel.h"

#include "oci/base/error.h"

#include "testing.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

enum
{
  ITEMS = 200,
  ALL = G_MAXINT,
};

/* How many threads the system still starts. GLib finds this function before that of libc. */
static gint allowed = ALL;

typedef int (*CreateFunc) (pthread_t *, const pthread_attr_t *, void *(*) (void *), void *);

int
pthread_create (pthread_t *thread, const pthread_attr_t *attr, void *(*func) (void *), void *data)
{
  CreateFunc create = NULL;
  *(void **) &create = dlsym (RTLD_NEXT, "pthread_create");
  return g_atomic_int_add (&allowed, -1) > 0 ? create (thread, attr, func, data) : EAGAIN;
}

typedef struct
{
  gint done[ITEMS]; /* atomic */
  gint fails_at;
  GCancellable *cancels; /* triggered by the item @fails_at instead */
} Counts;

static GPtrArray *
number_items (void)
{
  GPtrArray *items = g_ptr_array_new ();
  for (gintptr i = 0; i < ITEMS; i++)
    g_ptr_array_add (items, (gpointer) i);
  return items;
}

static gboolean
count (gpointer data, gpointer item, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  Counts *self = data;
  gintptr i = (gintptr) item;
  g_atomic_int_inc (&self->done[i]);
  if (i != self->fails_at)
    return TRUE;
  if (self->cancels == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "item %d", (int) i);
  g_cancellable_cancel (self->cancels);
  return TRUE;
}

static void
count_worker (gpointer item, gpointer data)
{
  Counts *self = data;
  g_atomic_int_inc (&self->done[GPOINTER_TO_INT (item) - 1]);
}

static int
sum (const Counts *counts)
{
  int n = 0;
  for (int i = 0; i < ITEMS; i++)
    n += counts->done[i];
  return n;
}

/* Every item once, whichever thread is the one that cannot be started. */
static void
test_each (void)
{
  g_autoptr (GPtrArray) items = number_items ();
  for (unsigned jobs = 1; jobs <= 8; jobs++)
    for (gint can = 0; can <= 8; can++)
      {
        g_autoptr (GError) error = NULL;
        Counts counts = { .fails_at = -1 };
        g_atomic_int_set (&allowed, can);
        g_assert_true (oci_parallel_each (items, jobs, count, &counts, NULL, &error));
        g_assert_no_error (error);
        for (int i = 0; i < ITEMS; i++)
          g_assert_cmpint (counts.done[i], ==, 1);
      }
  g_atomic_int_set (&allowed, ALL);
}

static void
test_failure (void)
{
  g_autoptr (GPtrArray) items = number_items ();
  g_autoptr (GError) error = NULL;
  Counts counts = { .fails_at = 5 };
  g_assert_false (oci_parallel_each (items, 1, count, &counts, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "item 5");
  g_assert_cmpint (sum (&counts), ==, 6); /* 0 to 5, in order */
}

static void
test_failure_of_several (void)
{
  g_autoptr (GPtrArray) items = number_items ();
  for (int round = 0; round < 50; round++)
    {
      g_autoptr (GError) error = NULL;
      Counts counts = { .fails_at = round };
      g_assert_false (oci_parallel_each (items, 4, count, &counts, NULL, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "item *");
    }
}

static void
test_cancelled (void)
{
  g_autoptr (GPtrArray) items = number_items ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Counts counts = { .fails_at = 5, .cancels = cancellable };
  g_assert_false (oci_parallel_each (items, 1, count, &counts, cancellable, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED, "interrupted");
  g_assert_cmpint (sum (&counts), ==, 6);
  g_clear_error (&error);
  g_assert_false (oci_parallel_each (items, 4, count, &counts, cancellable, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_CANCELLED, "interrupted");
  g_assert_cmpint (sum (&counts), ==, 6);
}

static void
test_no_items (void)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  g_assert_true (oci_parallel_each (items, 4, count, NULL, NULL, NULL));
}

static void
test_workers (void)
{
  for (unsigned jobs = 1; jobs <= 8; jobs++)
    for (gint can = 0; can <= 8; can++)
      {
        Counts counts = { .fails_at = -1 };
        g_atomic_int_set (&allowed, can);
        OciWorkers *workers = oci_workers_new (jobs, count_worker, &counts);
        for (int i = 1; i <= ITEMS; i++)
          oci_workers_push (workers, GINT_TO_POINTER (i));
        oci_workers_free (workers);
        for (int i = 0; i < ITEMS; i++)
          g_assert_cmpint (counts.done[i], ==, 1);
      }
  g_atomic_int_set (&allowed, ALL);
}

/* Threads are started when there is something to do. */
static void
test_workers_never_used (void)
{
  g_atomic_int_set (&allowed, 0);
  g_autoptr (OciWorkers) workers = oci_workers_new (4, count_worker, NULL);
  g_assert_nonnull (workers);
  g_assert_cmpint (g_atomic_int_get (&allowed), ==, 0); /* none was asked for */
  g_atomic_int_set (&allowed, ALL);
}

static gpointer
give_back (gpointer data)
{
  return data;
}

static void
test_thread (void)
{
  g_autoptr (GError) error = NULL;
  int value = 0;
  GThread *thread = oci_thread_start ("test", give_back, &value, &error);
  g_assert_no_error (error);
  g_assert_true (g_thread_join (thread) == &value);
  g_atomic_int_set (&allowed, 0);
  g_assert_null (oci_thread_start ("test", give_back, &value, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_IO, "no thread can be started: *ulimit -u*");
  g_atomic_int_set (&allowed, ALL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/parallel/each", test_each);
  g_test_add_func ("/parallel/failure", test_failure);
  g_test_add_func ("/parallel/failure-of-several", test_failure_of_several);
  g_test_add_func ("/parallel/cancelled", test_cancelled);
  g_test_add_func ("/parallel/no-items", test_no_items);
  g_test_add_func ("/parallel/workers", test_workers);
  g_test_add_func ("/parallel/workers-never-used", test_workers_never_used);
  g_test_add_func ("/parallel/thread", test_thread);
  return g_test_run ();
}
