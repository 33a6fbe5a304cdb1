#include "builder/remote/interrupt.h"

#include <glib-unix.h>
#include <signal.h>

struct _TerraneInterrupt
{
  GCancellable *cancellable;
  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
};

static gboolean
on_signal (gpointer data)
{
  TerraneInterrupt *self = data;
  g_cancellable_cancel (self->cancellable);
  (void) signal (SIGINT, SIG_DFL);
  (void) signal (SIGTERM, SIG_DFL);
  (void) signal (SIGHUP, SIG_DFL);
  return G_SOURCE_CONTINUE;
}

static void
add_signal (TerraneInterrupt *self, int number)
{
  struct sigaction before;
  if (sigaction (number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
    return; /* as for a job in the background of a script */
  g_autoptr (GSource) source = g_unix_signal_source_new (number);
  g_source_set_callback (source, on_signal, self, NULL);
  g_source_attach (source, self->context);
}

static gpointer
run_loop (gpointer data)
{
  TerraneInterrupt *self = data;
  g_main_loop_run (self->loop);
  return NULL;
}

TerraneInterrupt *
terrane_interrupt_new (void)
{
  TerraneInterrupt *self = g_new0 (TerraneInterrupt, 1);
  self->cancellable = g_cancellable_new ();
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  add_signal (self, SIGINT);
  add_signal (self, SIGTERM);
  add_signal (self, SIGHUP);
  self->thread = g_thread_new ("signals", run_loop, self);
  return self;
}

static gboolean
quit (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

void
terrane_interrupt_free (TerraneInterrupt *self)
{
  if (self == NULL)
    return;
  /* By way of the loop itself: quitting one that does not run yet would be forgotten. */
  g_autoptr (GSource) source = g_idle_source_new ();
  g_source_set_callback (source, quit, self->loop, NULL);
  g_source_attach (source, self->context);
  g_thread_join (self->thread);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context); /* with the signals' sources: their handlers go */
  g_object_unref (self->cancellable);
  g_free (self);
}

GCancellable *
terrane_interrupt_cancellable (TerraneInterrupt *self)
{
  return self->cancellable;
}
