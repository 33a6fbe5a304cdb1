/* Two threads of a pool add to one number: with a mutex for "locked", without one for "race". */
#include <gio/gio.h>
#include <string.h>

enum
{
  N_ITEMS = 2,
};

typedef struct
{
  guint started;
  GMutex mutex;
  gboolean locked;
  guint sum;
} Sum;

static void
add (gpointer item, gpointer user_data)
{
  Sum *self = user_data;
  /* One item for each thread. Relaxed operations order nothing, so they hide no race. */
  __atomic_add_fetch (&self->started, 1, __ATOMIC_RELAXED);
  while (__atomic_load_n (&self->started, __ATOMIC_RELAXED) < N_ITEMS)
    g_thread_yield ();
  if (self->locked)
    g_mutex_lock (&self->mutex);
  self->sum += *(guint *) item;
  if (self->locked)
    g_mutex_unlock (&self->mutex);
}

int
main (int argc, char **argv)
{
  guint items[N_ITEMS];
  Sum sum = { .locked = argc == 2 && strcmp (argv[1], "locked") == 0 };
  g_mutex_init (&sum.mutex);
  GThreadPool *pool = g_thread_pool_new (add, &sum, N_ITEMS, TRUE, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      items[i] = i + 1; /* before the push, so no race */
      g_thread_pool_push (pool, &items[i], NULL);
    }
  g_thread_pool_free (pool, FALSE, TRUE);
  guint total = sum.sum; /* after the threads, so no race */
  g_mutex_clear (&sum.mutex);
  return sum.locked && total != 3;
}
