#include "builder/cli/pty.h"

#include "oci/base/error.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum
{
  CHUNK_BYTES = 4096,
  LOOK_MS = 200, /* for a change of our terminal's size */
};

gboolean
terrane_pty_open (TerranePty *self, GError **error)
{
  struct winsize size;
  self->master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->master < 0 || grantpt (self->master) < 0 || unlockpt (self->master) < 0)
    return oci_throw_errno (error, "making a terminal");
  self->slave = ioctl (self->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (self->slave < 0)
    return oci_throw_errno (error, "opening a terminal");
  if (ioctl (STDIN_FILENO, TIOCGWINSZ, &size) == 0)
    (void) ioctl (self->master, TIOCSWINSZ, &size);
  return TRUE;
}

static gboolean
carry (int from, int to)
{
  char buffer[CHUNK_BYTES];
  ssize_t n = read (from, buffer, sizeof buffer);
  return n > 0 && oci_write_all (to, buffer, (size_t) n, NULL);
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

/* When it is told to stop, the program has ended and what it wrote is all there. */
static gpointer
relay (gpointer data)
{
  g_autofree Relay *self = data;
  struct winsize size = { 0 };
  struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                          { .fd = self->master, .events = POLLIN },
                          { .fd = self->stop, .events = POLLIN } };
  gboolean more = TRUE;
  while (more)
    {
      carry_size (self->master, &size);
      if (poll (fds, G_N_ELEMENTS (fds), LOOK_MS) < 0)
        continue; /* a signal */
      if (fds[0].revents != 0 && !carry (STDIN_FILENO, self->master))
        fds[0].fd = -1;
      if ((fds[1].revents & POLLIN) != 0)
        more = carry (self->master, STDOUT_FILENO);
      else if (fds[1].revents != 0 || fds[2].revents != 0)
        more = FALSE;
    }
  oci_fd_close (self->stop);
  return NULL;
}

void
terrane_pty_relay (TerranePty *self)
{
  int ends[2];
  struct termios raw;
  if (tcgetattr (STDIN_FILENO, &self->saved) < 0 || pipe2 (ends, O_CLOEXEC) < 0)
    return;
  raw = self->saved;
  cfmakeraw (&raw);
  (void) tcsetattr (STDIN_FILENO, TCSANOW, &raw);
  oci_fd_close (oci_fd_steal (&self->slave)); /* the program has it; else there is no end */
  Relay *data = g_new0 (Relay, 1);
  *data = (Relay){ .master = self->master, .stop = ends[0] };
  self->stop = ends[1];
  self->relay = g_thread_new ("terminal", relay, data);
}

void
terrane_pty_clear (TerranePty *self)
{
  oci_fd_close (oci_fd_steal (&self->stop));
  if (self->relay != NULL)
    {
      (void) g_thread_join (g_steal_pointer (&self->relay));
      (void) tcsetattr (STDIN_FILENO, TCSANOW, &self->saved);
    }
  oci_fd_close (oci_fd_steal (&self->master));
  oci_fd_close (oci_fd_steal (&self->slave));
}
