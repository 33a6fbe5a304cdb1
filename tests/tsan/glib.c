/* ThreadSanitizer sees what instrumented code and libc do. GLib is not instrumented, and its locks
 * are futexes of its own since 2.34: everything that they protect looks like a race. These stand
 * before GLib's functions in programs of the preset tsan and tell the sanitizer what orders
 * what. */
#include <dlfcn.h>
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#define REAL(name) ((__typeof__ (&name)) real (#name))

static void *
real (const char *name)
{
  void *function = dlsym (RTLD_NEXT, name);
  if (function == NULL)
    g_error ("no %s in the libraries", name);
  return function;
}

/* The address is looked up once per function and thread-safely enough: all threads find the
 * same. */
#define FORWARD(name)                                                                              \
  static __typeof__ (&name) next;                                                                  \
  if (__atomic_load_n (&next, __ATOMIC_RELAXED) == NULL)                                           \
  __atomic_store_n (&next, REAL (name), __ATOMIC_RELAXED)

void
g_mutex_init (GMutex *mutex)
{
  FORWARD (g_mutex_init);
  next (mutex);
  __tsan_mutex_create (mutex, 0);
}

void
g_mutex_clear (GMutex *mutex)
{
  FORWARD (g_mutex_clear);
  __tsan_mutex_destroy (mutex, 0);
  next (mutex);
}

void
g_mutex_lock (GMutex *mutex)
{
  FORWARD (g_mutex_lock);
  __tsan_mutex_pre_lock (mutex, 0);
  next (mutex);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  FORWARD (g_mutex_trylock);
  __tsan_mutex_pre_lock (mutex, __tsan_mutex_try_lock);
  gboolean locked = next (mutex);
  __tsan_mutex_post_lock (mutex,
                          __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed), 0);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  FORWARD (g_mutex_unlock);
  __tsan_mutex_pre_unlock (mutex, 0);
  next (mutex);
  __tsan_mutex_post_unlock (mutex, 0);
}

/* Waiting lets go of the mutex and takes it again. */
static void
before_wait (GMutex *mutex)
{
  __tsan_mutex_pre_unlock (mutex, 0);
  __tsan_mutex_post_unlock (mutex, 0);
}

static void
after_wait (GMutex *mutex)
{
  __tsan_mutex_pre_lock (mutex, 0);
  __tsan_mutex_post_lock (mutex, 0, 0);
}

void
g_cond_wait (GCond *cond, GMutex *mutex)
{
  FORWARD (g_cond_wait);
  before_wait (mutex);
  next (cond, mutex);
  after_wait (mutex);
}

gboolean
g_cond_wait_until (GCond *cond, GMutex *mutex, gint64 end_time)
{
  FORWARD (g_cond_wait_until);
  before_wait (mutex);
  gboolean signalled = next (cond, mutex, end_time);
  after_wait (mutex);
  return signalled;
}

gboolean (g_once_init_enter) (volatile void *location)
{
  static gboolean (*next) (volatile void *);
  if (__atomic_load_n (&next, __ATOMIC_RELAXED) == NULL)
    __atomic_store_n (&next, (gboolean (*) (volatile void *)) real ("g_once_init_enter"),
                      __ATOMIC_RELAXED);
  gboolean mine = next (location);
  if (!mine)
    __tsan_acquire ((void *) location);
  return mine;
}

void (g_once_init_leave) (volatile void *location, gsize result)
{
  static void (*next) (volatile void *, gsize);
  if (__atomic_load_n (&next, __ATOMIC_RELAXED) == NULL)
    __atomic_store_n (&next, (void (*) (volatile void *, gsize)) real ("g_once_init_leave"),
                      __ATOMIC_RELAXED);
  __tsan_release ((void *) location);
  next (location, result);
}

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  FORWARD (g_async_queue_push);
  __tsan_release (data);
  next (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  FORWARD (g_async_queue_pop);
  gpointer data = next (queue);
  __tsan_acquire (data);
  return data;
}

/* A pool's threads work after the push of the item, and before the pool is freed. */
typedef struct
{
  GFunc func;
  gpointer user_data;
} Work;

static void
do_work (gpointer data, gpointer user_data)
{
  Work *work = user_data;
  __tsan_acquire (data);
  work->func (data, work->user_data);
  __tsan_release (work);
}

GThreadPool *
g_thread_pool_new (GFunc func, gpointer user_data, gint max_threads, gboolean exclusive,
                   GError **error)
{
  FORWARD (g_thread_pool_new);
  Work *work = g_new (Work, 1);
  *work = (Work){ func, user_data };
  return next (do_work, work, max_threads, exclusive, error);
}

gboolean
g_thread_pool_push (GThreadPool *pool, gpointer data, GError **error)
{
  FORWARD (g_thread_pool_push);
  __tsan_release (data);
  return next (pool, data, error);
}

void
g_thread_pool_free (GThreadPool *pool, gboolean immediate, gboolean wait)
{
  FORWARD (g_thread_pool_free);
  Work *work = pool->user_data;
  next (pool, immediate, wait);
  if (!wait)
    return; /* its threads may still use it */
  __tsan_acquire (work);
  g_free (work);
}
