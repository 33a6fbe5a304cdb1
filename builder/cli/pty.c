#include "builder/cli/pty.h"

#include "oci/base/error.h"
#include "oci/base/parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum
{
  CHUNK_BYTES = 4096,
  LOOK_MS = 200,      /* to look for a change of the terminal's size */
  SHOW_MS = 2 * 1000, /* for the terminal to accept more of the rest */
};

gboolean
terrane_pty_open (TerranePty *self, int like, GError **error)
{
  struct winsize size;
  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (self->master < 0 || grantpt (self->master) < 0 || unlockpt (self->master) < 0)
    return oci_throw_errno (error, "making a terminal");
  self->slave = ioctl (self->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->slave < 0)
    return oci_throw_errno (error, "opening a terminal");
  if (ioctl (like, TIOCGWINSZ, &size) == 0)
    (void) ioctl (self->master, TIOCSWINSZ, &size);
  return TRUE;
}

/* One direction: bytes that were read and not written yet. */
typedef struct
{
  int from; /* -1 if there is nothing more to read */
  int to;
  size_t start, len;
  char buffer[CHUNK_BYTES];
} Flow;

/* Reads if there is nothing left to write, so that a fast writer has to wait. */
static void
fill (Flow *self)
{
  ssize_t n = read (self->from, self->buffer, sizeof self->buffer);
  if (n > 0)
    {
      self->start = 0;
      self->len = (size_t) n;
    }
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    self->from = -1;
}

static void
drain (Flow *self)
{
  ssize_t n = write (self->to, self->buffer + self->start, self->len);
  if (n >= 0)
    {
      self->start += (size_t) n;
      self->len -= (size_t) n;
    }
  else if (errno != EAGAIN && errno != EINTR)
    {
      self->from = -1; /* there is no reader */
      self->len = 0;
    }
}

static void
carry_size (int master, struct winsize *last)
{
  struct winsize size;
  if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) < 0
      || (size.ws_row == last->ws_row && size.ws_col == last->ws_col))
    return;
  (void) ioctl (master, TIOCSWINSZ, &size);
  *last = size;
}

typedef struct
{
  int master;
  OciFd stop; /* hangs up when the other end is closed */
} Relay;

/* Opens terrane's terminal once more: non-blocking, without changing that for other processes that
 * share it. */
static OciFd
open_output (void)
{
  return open ("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Does what can be done, and otherwise waits. Neither direction waits for the other: the output of
 * a program that reads nothing is still shown, and its input is passed on while the output is
 * blocked. */
static void
move (Flow *in, Flow *out, struct pollfd *stop)
{
  const gboolean in_waits = in->len > 0, out_waits = out->len > 0;
  struct pollfd fds[] = {
    { .fd = in_waits ? in->to : in->from, .events = in_waits ? POLLOUT : POLLIN },
    { .fd = out_waits ? out->to : out->from, .events = out_waits ? POLLOUT : POLLIN },
    *stop,
  };
  if (poll (fds, G_N_ELEMENTS (fds), LOOK_MS) < 0)
    return; /* a signal */
  if (fds[0].revents != 0)
    in_waits ? drain (in) : fill (in);
  if (fds[1].revents != 0)
    out_waits ? drain (out) : fill (out);
  stop->revents = fds[2].revents;
}

/* The program has ended, and all of its output is available. If the terminal does not accept more
 * of it, the rest is dropped. */
static void
show_rest (Flow *out)
{
  struct pollfd ready = { .fd = out->to, .events = POLLOUT };
  gint64 deadline = g_get_monotonic_time () + (gint64) SHOW_MS * 1000;
  for (;;)
    {
      if (out->len == 0 && out->from >= 0)
        fill (out);
      gint64 left = deadline - g_get_monotonic_time ();
      if (out->len == 0 || left <= 0)
        return;
      size_t before = out->len;
      if (poll (&ready, 1, (int) (left / 1000) + 1) > 0)
        drain (out);
      if (out->len < before)
        deadline = g_get_monotonic_time () + (gint64) SHOW_MS * 1000;
    }
}

/* Runs until the program closes its terminal, or has ended. */
static gpointer
relay (gpointer data)
{
  g_autofree Relay *self = data;
  struct winsize size = { 0 };
  g_auto (OciFd) own = open_output ();
  g_autofree Flow *in = g_new0 (Flow, 1);
  g_autofree Flow *out = g_new0 (Flow, 1);
  struct pollfd stop = { .fd = self->stop, .events = POLLIN };
  *in = (Flow){ .from = STDIN_FILENO, .to = self->master };
  *out = (Flow){ .from = self->master, .to = own >= 0 ? own : STDOUT_FILENO };
  while (out->from >= 0 && stop.revents == 0)
    {
      carry_size (self->master, &size);
      move (in, out, &stop);
    }
  show_rest (out);
  oci_fd_close (self->stop);
  return NULL;
}

/* The mode of terrane's terminal, restored when a signal ends terrane. */
static struct termios saved_mode;

static void
restore_and_end (int number)
{
  (void) tcsetattr (STDIN_FILENO, TCSANOW, &saved_mode);
  (void) raise (number); /* SA_RESETHAND: this one ends it */
}

/* An ignored signal stays ignored. */
static void
catch_quit (void (*handler) (int))
{
  const struct sigaction action = { .sa_handler = handler, .sa_flags = (int) SA_RESETHAND };
  struct sigaction before;
  if (sigaction (SIGQUIT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
    (void) sigaction (SIGQUIT, &action, NULL);
}

static void
give_back_terminal (TerranePty *self)
{
  (void) tcsetattr (STDIN_FILENO, TCSANOW, &self->saved);
  catch_quit (SIG_DFL);
}

gboolean
terrane_pty_relay (TerranePty *self, GError **error)
{
  int ends[2];
  struct termios raw;
  if (tcgetattr (STDIN_FILENO, &self->saved) < 0 || pipe2 (ends, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "the terminal");
  saved_mode = raw = self->saved;
  catch_quit (restore_and_end);
  cfmakeraw (&raw);
  (void) tcsetattr (STDIN_FILENO, TCSANOW, &raw);
  oci_fd_close (oci_fd_steal (&self->slave)); /* the program has it; else there is no end */
  Relay *data = g_new0 (Relay, 1);
  *data = (Relay){ .master = self->master, .stop = ends[0] };
  self->stop = ends[1];
  self->relay = oci_thread_start ("terminal", relay, data, error);
  if (self->relay != NULL)
    return TRUE;
  oci_fd_close (ends[0]);
  g_free (data);
  give_back_terminal (self);
  return FALSE;
}

void
terrane_pty_clear (TerranePty *self)
{
  oci_fd_close (oci_fd_steal (&self->stop));
  if (self->relay != NULL)
    {
      (void) g_thread_join (g_steal_pointer (&self->relay));
      give_back_terminal (self);
    }
  oci_fd_close (oci_fd_steal (&self->master));
  oci_fd_close (oci_fd_steal (&self->slave));
}
