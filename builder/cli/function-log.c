#include "builder/cli/function-log.h"

#include "builder/cli/terminal.h"

#include "oci/base/fd.h"
#include "oci/base/parallel.h"

#include <string.h>
#include <unistd.h>

enum
{
  MAX_LINE_BYTES = 64 * 1024, /* a longer line is shown as if it had ended */
  FULL_BYTES = 256 * 1024,
  MAX_BYTES = 8 * 1024 * 1024,
  GIVE_UP_USECS = 1000 * 1000,
};

struct _TerraneFunctionLog
{
  GThread *thread;
  gboolean terminal;

  GMutex mutex; /* guards the members below */
  GCond changed;
  GString *line;    /* the current line, on a terminal, where only whole lines are shown */
  GString *waiting; /* to be written */
  gsize left_out;
  gboolean ending;
  gboolean given_up;
  gboolean done; /* the thread has finished */
};

/* Called with the mutex held. */
static void
append (TerraneFunctionLog *self, const char *bytes, gsize len)
{
  gsize room = MAX_BYTES - MIN (self->waiting->len, (gsize) MAX_BYTES);
  if (self->left_out > 0 || len > room)
    self->left_out += len;
  else
    g_string_append_len (self->waiting, bytes, (gssize) len);
  g_cond_broadcast (&self->changed);
}

static void
show (TerraneFunctionLog *self, gsize len)
{
  g_autofree char *part = g_strndup (self->line->str, len);
  /* Runtimes write a line feed inside a message as a carriage return, for CloudWatch. */
  g_strdelimit (part, "\r", '\n');
  g_autofree char *harmless = terrane_harmless_text (part);
  append (self, harmless, strlen (harmless));
  g_string_erase (self->line, 0, (gssize) len);
}

/* Called with the mutex held.
 *
 * Returns: (transfer full): the text to write now */
static GString *
take_waiting (TerraneFunctionLog *self)
{
  GString *taken = self->waiting;
  self->waiting = g_string_new (NULL);
  if (self->left_out > 0)
    g_string_append_printf (taken, "\n… %" G_GSIZE_FORMAT " bytes of logs left out …\n",
                            self->left_out);
  self->left_out = 0;
  return taken;
}

/* The only thread that waits for the reader. */
static gpointer
write_all (gpointer data)
{
  TerraneFunctionLog *self = data;
  g_mutex_lock (&self->mutex);
  while (self->waiting->len > 0 || !self->ending)
    {
      if (self->waiting->len == 0)
        {
          g_cond_wait (&self->changed, &self->mutex);
          continue;
        }
      g_autoptr (GString) taken = take_waiting (self);
      g_mutex_unlock (&self->mutex);
      (void) oci_write_all (STDERR_FILENO, taken->str, taken->len, NULL); /* no way to report */
      g_mutex_lock (&self->mutex);
    }
  self->done = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  return NULL;
}

static void
log_free (TerraneFunctionLog *self)
{
  g_string_free (self->line, TRUE);
  g_string_free (self->waiting, TRUE);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

TerraneFunctionLog *
terrane_function_log_new (GError **error)
{
  TerraneFunctionLog *self = g_new0 (TerraneFunctionLog, 1);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->line = g_string_new (NULL);
  self->waiting = g_string_new (NULL);
  self->terminal = isatty (STDERR_FILENO);
  self->thread = oci_thread_start ("log", write_all, self, error);
  if (self->thread != NULL)
    return self;
  log_free (self);
  return NULL;
}

static gboolean
wait_until_done (TerraneFunctionLog *self)
{
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (self->line->len > 0)
    show (self, self->line->len);
  self->ending = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->done && !self->given_up)
    g_cond_wait (&self->changed, &self->mutex);
  gint64 limit = g_get_monotonic_time () + GIVE_UP_USECS;
  while (!self->done && g_cond_wait_until (&self->changed, &self->mutex, limit))
    ;
  return self->done;
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  terrane_function_log_give_up (data);
}

void
terrane_function_log_finish (TerraneFunctionLog *self, GCancellable *cancellable)
{
  gulong handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  (void) wait_until_done (self);
  g_cancellable_disconnect (cancellable, handler);
}

void
terrane_function_log_free (TerraneFunctionLog *self)
{
  if (self == NULL)
    return;
  if (!wait_until_done (self))
    {
      g_thread_unref (self->thread); /* it ends with the process, and its data exist until then */
      return;
    }
  (void) g_thread_join (self->thread);
  log_free (self);
}

void
terrane_function_log_give_up (TerraneFunctionLog *self)
{
  g_mutex_lock (&self->mutex);
  self->given_up = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

gboolean
terrane_function_log_is_full (gpointer data)
{
  TerraneFunctionLog *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  return self->waiting->len >= FULL_BYTES;
}

void
terrane_function_log_write (const char *bytes, size_t len, gpointer data)
{
  TerraneFunctionLog *self = data;
  g_autoptr (GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new (&self->mutex);
  if (!self->terminal)
    {
      append (self, bytes, len);
      return;
    }
  g_string_append_len (self->line, bytes, (gssize) len);
  const char *end = memrchr (self->line->str, '\n', self->line->len);
  if (end != NULL)
    show (self, (gsize) (end - self->line->str) + 1);
  else if (self->line->len > MAX_LINE_BYTES)
    show (self, self->line->len);
}
