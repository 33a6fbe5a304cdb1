/* GLib's sources for signals need a thread of GLib, and end the process if it cannot be started:
 * here a handler wakes a separate thread. */
#include "builder/remote/interrupt.h"

#include "oci/base/fd.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

struct _TerraneInterrupt
{
  GCancellable *cancellable;
  GThread *thread; /* (nullable) */
  gint ends;       /* atomic */
  struct sigaction before[G_N_ELEMENTS (numbers)];
};

/* The only interrupt, for the handler. */
static OciFd wake = -1;
static volatile sig_atomic_t caught; /* the last signal, or 0 */

static void
send_wake (void)
{
  const uint64_t one = 1;
  (void) !write (wake, &one, sizeof one); /* the counter cannot be full */
}

static void
on_signal (int number)
{
  int saved = errno;
  caught = number;
  send_wake ();
  errno = saved;
}

static gpointer
wait_for_signal (gpointer data)
{
  TerraneInterrupt *self = data;
  uint64_t count;
  while (read (wake, &count, sizeof count) < 0 && errno == EINTR)
    ;
  if (g_atomic_int_get (&self->ends) != 0)
    return NULL;
  g_cancellable_cancel (self->cancellable);
  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (self->before[i].sa_handler != SIG_IGN)
      (void) signal (numbers[i], SIG_DFL);
  return NULL;
}

/* An ignored signal stays ignored, as for a background job of a script. */
static void
catch_signals (TerraneInterrupt *self)
{
  const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
  for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (sigaction (numbers[i], NULL, &self->before[i]) == 0
        && self->before[i].sa_handler != SIG_IGN)
      (void) sigaction (numbers[i], &action, NULL);
}

TerraneInterrupt *
terrane_interrupt_new (void)
{
  TerraneInterrupt *self = g_new0 (TerraneInterrupt, 1);
  self->cancellable = g_cancellable_new ();
  g_assert (wake < 0);
  caught = 0;
  wake = eventfd (0, EFD_CLOEXEC);
  if (wake >= 0)
    self->thread = g_thread_try_new ("signals", wait_for_signal, self, NULL);
  if (self->thread != NULL)
    catch_signals (self);
  return self;
}

void
terrane_interrupt_free (TerraneInterrupt *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL)
    {
      for (size_t i = 0; i < G_N_ELEMENTS (numbers); i++)
        (void) sigaction (numbers[i], &self->before[i], NULL);
      g_atomic_int_set (&self->ends, 1);
      send_wake ();
      (void) g_thread_join (self->thread);
    }
  oci_fd_close (oci_fd_steal (&wake));
  if (caught != 0 && !g_cancellable_is_cancelled (self->cancellable))
    (void) raise (caught); /* it came when there was nothing left to cancel */
  g_object_unref (self->cancellable);
  g_free (self);
}

GCancellable *
terrane_interrupt_cancellable (TerraneInterrupt *self)
{
  return self->cancellable;
}
