#include "builder/cli/relay.h"

#include "builder/cli/pty.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum
{
  CHUNK_BYTES = 64 * 1024,
  N_STDIO = 3,
  NULL_MAJOR = 1,
  NULL_MINOR = 3,
};

static const char *const names[] = { "input", "output", "error output" };

typedef enum
{
  COMMAND_NONE = 0,
  COMMAND_FINISH = 'f', /* the program has ended */
  COMMAND_HURRY = 'h',  /* it has ended, and unwritten output is dropped */
  COMMAND_STOP = 's',
} Command;

typedef enum
{
  SOURCE_NONE,   /* none, or at its end */
  SOURCE_PIPE,   /* peeked at before it is read */
  SOURCE_FILE,   /* can be rewound */
  SOURCE_STREAM, /* read bytes cannot be put back */
} Source;

/* The input, on its way to the program. */
typedef struct
{
  Source source;
  OciFd to;       /* the program's pipe */
  OciFd reader;   /* its other end, to find out how much was read */
  OciFd null;     /* where read bytes are discarded */
  size_t offered; /* for a pipe: bytes that the program has and that are still in the input, too */
  size_t start, len;
  char *buffer;
} Input;

/* The output of the program, on its way. */
typedef struct
{
  OciFd from; /* -1 if there is nothing more */
  int to;
  OciFd own; /* the terminal opened again: non-blocking, without changing the inherited one */
  int ours;
  size_t start, len;
  size_t at_once; /* the bytes that can be written when poll() reports space */
  char *buffer;
  int failure; /* an errno */
} Output;

struct _TerraneRelay
{
  int stdio[N_STDIO];
  OciFd owned[N_STDIO]; /* the descriptors of stdio to close; one may be there twice */
  Input input;
  Output outputs[N_STDIO]; /* by the program's descriptor; an unused one has no buffer */
  OciFd control[2];        /* a pipe: commands to the thread */
  GThread *thread;         /* (nullable) */
};

static gboolean
check_type (int fd, struct stat *out_info, GError **error)
{
  if (fstat (fd, out_info) < 0)
    return oci_throw_errno (error, "the standard %s", names[fd]);
  return !S_ISDIR (out_info->st_mode)
         || oci_throw (error, OCI_ERROR_USAGE, "the standard %s is a directory", names[fd]);
}

static gboolean
is_null (const struct stat *info)
{
  return S_ISCHR (info->st_mode) && info->st_rdev == makedev (NULL_MAJOR, NULL_MINOR);
}

static gboolean
open_null (int flags, OciFd *out_fd, GError **error)
{
  *out_fd = open ("/dev/null", flags | O_CLOEXEC);
  return *out_fd >= 0 || oci_throw_errno (error, "/dev/null");
}

static gboolean
make_pipe (OciFd *out_read, OciFd *out_write, GError **error)
{
  int fds[2];
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  *out_read = fds[0];
  *out_write = fds[1];
  return TRUE;
}

/* Makes room for one piece only: the pipe is writable exactly when all of the last piece was
 * read. */
static void
make_small (int pipe)
{
  (void) fcntl (pipe, F_SETPIPE_SZ, 1); /* the kernel rounds it up to a page */
}

static gboolean
open_input (TerraneRelay *self, GError **error)
{
  struct stat info;
  Input *input = &self->input;
  if (!check_type (STDIN_FILENO, &info, error))
    return FALSE;
  if (is_null (&info) || isatty (STDIN_FILENO))
    {
      if (!open_null (O_RDONLY, &self->owned[0], error))
        return FALSE;
      self->stdio[0] = self->owned[0];
      return TRUE;
    }
  if (!make_pipe (&self->owned[0], &input->to, error) || !open_null (O_WRONLY, &input->null, error))
    return FALSE;
  self->stdio[0] = self->owned[0];
  input->reader = fcntl (self->owned[0], F_DUPFD_CLOEXEC, 0);
  if (input->reader < 0 || fcntl (input->to, F_SETFL, O_NONBLOCK) < 0)
    return oci_throw_errno (error, "a pipe for the program");
  if (S_ISFIFO (info.st_mode))
    {
      input->source = SOURCE_PIPE;
      make_small (input->to);
      return TRUE;
    }
  input->source = !S_ISCHR (info.st_mode) && lseek (STDIN_FILENO, 0, SEEK_CUR) >= 0 ? SOURCE_FILE
                                                                                    : SOURCE_STREAM;
  input->buffer = g_malloc (CHUNK_BYTES);
  return TRUE;
}

/* A program on a terminal writes line by line, and in colours. The line ends are left to the real
 * terminal. */
static gboolean
open_terminal (int fd, OciFd *out_master, OciFd *out_slave, GError **error)
{
  g_auto (TerranePty) pty = TERRANE_PTY_INIT;
  struct termios mode;
  if (!terrane_pty_open (&pty, fd, error))
    return FALSE;
  if (tcgetattr (pty.slave, &mode) < 0)
    return oci_throw_errno (error, "a terminal for the program");
  mode.c_oflag &= ~(tcflag_t) OPOST;
  mode.c_lflag &= ~(tcflag_t) ECHO;
  if (tcsetattr (pty.slave, TCSANOW, &mode) < 0)
    return oci_throw_errno (error, "a terminal for the program");
  *out_master = oci_fd_steal (&pty.master);
  *out_slave = oci_fd_steal (&pty.slave);
  return TRUE;
}

static void
set_target (Output *output, int fd, const struct stat *info, gboolean terminal)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  if (terminal)
    output->own = open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  output->ours = fd;
  output->to = output->own >= 0 ? output->own : fd;
  output->at_once = S_ISREG (info->st_mode) ? CHUNK_BYTES : PIPE_BUF;
  output->buffer = g_malloc (CHUNK_BYTES);
}

static gboolean
open_output (TerraneRelay *self, int fd, int ours, const struct stat *info, GError **error)
{
  Output *output = &self->outputs[fd];
  gboolean terminal = isatty (ours);
  if (is_null (info))
    {
      if (!open_null (O_WRONLY, &self->owned[fd], error))
        return FALSE;
    }
  else
    {
      if (terminal ? !open_terminal (ours, &output->from, &self->owned[fd], error)
                   : !make_pipe (&output->from, &self->owned[fd], error))
        return FALSE;
      if (fcntl (output->from, F_SETFL, O_NONBLOCK) < 0)
        return oci_throw_errno (error, "a pipe for the program");
      set_target (output, ours, info, terminal);
    }
  self->stdio[fd] = self->owned[fd];
  return TRUE;
}

/* The order of outputs to one file is kept. */
static gboolean
open_outputs (TerraneRelay *self, const int *ours, GError **error)
{
  struct stat infos[N_STDIO] = { 0 };
  for (int fd = STDOUT_FILENO; fd < N_STDIO; fd++)
    {
      if (ours[fd] < 0)
        continue;
      if (!check_type (ours[fd], &infos[fd], error))
        return FALSE;
      if (fd == STDERR_FILENO && ours[STDOUT_FILENO] >= 0
          && infos[fd].st_dev == infos[STDOUT_FILENO].st_dev
          && infos[fd].st_ino == infos[STDOUT_FILENO].st_ino)
        self->stdio[fd] = self->stdio[STDOUT_FILENO];
      else if (!open_output (self, fd, ours[fd], &infos[fd], error))
        return FALSE;
    }
  return TRUE;
}

TerraneRelay *
terrane_relay_new (const int *ours, GError **error)
{
  g_autoptr (TerraneRelay) self = g_new0 (TerraneRelay, 1);
  self->input.to = self->input.reader = self->input.null = -1;
  self->control[0] = self->control[1] = -1;
  for (int fd = 0; fd < N_STDIO; fd++)
    {
      self->stdio[fd] = self->owned[fd] = -1;
      self->outputs[fd] = (Output){ .from = -1, .to = -1, .own = -1 };
    }
  if ((ours[STDIN_FILENO] >= 0 && !open_input (self, error)) || !open_outputs (self, ours, error)
      || !make_pipe (&self->control[0], &self->control[1], error))
    return NULL;
  return g_steal_pointer (&self);
}

const int *
terrane_relay_stdio (const TerraneRelay *self)
{
  return self->stdio;
}

static void
end_input (Input *self)
{
  self->source = SOURCE_NONE;
  oci_fd_close (oci_fd_steal (&self->to));
}

/* Removes from the inherited pipe what the program has read. Another reader of the pipe may have
 * been faster. */
static void
take_from_pipe (Input *self, size_t len)
{
  while (len > 0)
    {
      ssize_t n = splice (STDIN_FILENO, NULL, self->null, NULL, len, SPLICE_F_NONBLOCK);
      if (n == 0 || (n < 0 && errno != EINTR))
        return;
      if (n > 0)
        len -= (size_t) n;
    }
}

static void
offer_pipe (Input *self)
{
  ssize_t n = tee (STDIN_FILENO, self->to, CHUNK_BYTES, SPLICE_F_NONBLOCK);
  if (n > 0)
    self->offered = (size_t) n;
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    end_input (self);
}

static void
move_buffer (Input *self)
{
  ssize_t n = write (self->to, self->buffer + self->start, self->len);
  if (n > 0)
    {
      self->start += (size_t) n;
      self->len -= (size_t) n;
    }
}

static void
fill_buffer (Input *self)
{
  ssize_t n = read (STDIN_FILENO, self->buffer, CHUNK_BYTES);
  self->start = 0;
  if (n > 0)
    self->len = (size_t) n;
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    end_input (self);
}

/* Whether the program has to read before there can be more. */
static gboolean
input_waits (const Input *self)
{
  return self->offered > 0 || self->len > 0;
}

static void
move_input (Input *self)
{
  if (self->source == SOURCE_PIPE && self->offered > 0)
    {
      take_from_pipe (self, self->offered);
      self->offered = 0;
    }
  else if (self->source == SOURCE_PIPE)
    offer_pipe (self);
  else if (self->len > 0)
    move_buffer (self);
  else
    fill_buffer (self);
}

/* Leaves what the program has not read to the next reader. */
static void
give_back (Input *self)
{
  int unread = 0;
  if (self->reader < 0 || ioctl (self->reader, FIONREAD, &unread) < 0)
    return;
  if (self->offered > (size_t) unread)
    take_from_pipe (self, self->offered - (size_t) unread);
  off_t back = (off_t) unread + (off_t) self->len;
  if (self->buffer != NULL && back > 0)
    (void) lseek (STDIN_FILENO, -back, SEEK_CUR); /* fails if it is not a file */
}

static void
end_output (Output *self)
{
  oci_fd_close (oci_fd_steal (&self->from));
  self->len = 0;
}

/* A terminal that no process has open any longer ends with EIO.
 *
 * Returns: whether there was something */
static gboolean
fill_output (Output *self)
{
  ssize_t n = read (self->from, self->buffer, CHUNK_BYTES);
  self->start = 0;
  if (n > 0)
    self->len = (size_t) n;
  else if (n == 0 || (errno != EAGAIN && errno != EINTR))
    end_output (self);
  return n > 0;
}

static void
drain_output (Output *self)
{
  ssize_t n = write (self->to, self->buffer + self->start, MIN (self->len, self->at_once));
  if (n >= 0)
    {
      self->start += (size_t) n;
      self->len -= (size_t) n;
    }
  else if (errno != EAGAIN && errno != EINTR)
    {
      self->failure = errno;
      end_output (self); /* so that the program's next attempt fails */
    }
}

/* While *@wait, until all is written; a command ends that. */
static void
show_rest (Output *self, gboolean *wait, int control)
{
  while (self->len > 0 || (self->from >= 0 && fill_output (self)))
    {
      struct pollfd fds[] = { { .fd = self->to, .events = POLLOUT },
                              { .fd = *wait ? control : -1, .events = POLLIN } };
      int n = poll (fds, G_N_ELEMENTS (fds), *wait ? -1 : 0);
      if (n == 0)
        break;
      if (n > 0 && fds[0].revents != 0)
        drain_output (self);
      if (n > 0 && fds[1].revents != 0)
        *wait = FALSE;
    }
  end_output (self);
}

static Command
read_command (int control)
{
  char command = COMMAND_NONE;
  return read (control, &command, 1) == 1 ? (Command) command : COMMAND_STOP;
}

static gpointer
relay (gpointer data)
{
  TerraneRelay *self = data;
  Input *input = &self->input;
  Command command = COMMAND_NONE;
  while (command == COMMAND_NONE)
    {
      struct pollfd fds[2 + N_STDIO] = { { .fd = self->control[0], .events = POLLIN },
                                         { .fd = -1 } };
      if (input->source != SOURCE_NONE)
        fds[1] = input_waits (input) ? (struct pollfd){ .fd = input->to, .events = POLLOUT }
                                     : (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
      for (int i = 0; i < N_STDIO; i++)
        {
          const Output *output = &self->outputs[i];
          fds[2 + i] = (struct pollfd){ .fd = output->len > 0 ? output->to : output->from,
                                        .events = output->len > 0 ? POLLOUT : POLLIN };
        }
      if (poll (fds, G_N_ELEMENTS (fds), -1) < 0)
        continue; /* a signal */
      for (int i = 0; i < N_STDIO; i++)
        if (fds[2 + i].revents != 0)
          {
            if (self->outputs[i].len > 0)
              drain_output (&self->outputs[i]);
            else
              (void) fill_output (&self->outputs[i]);
          }
      if (fds[1].revents != 0)
        move_input (input);
      if (fds[0].revents != 0)
        command = read_command (self->control[0]);
    }
  give_back (input);
  gboolean wait = command == COMMAND_FINISH;
  for (int i = 0; i < N_STDIO && command != COMMAND_STOP; i++)
    if (self->outputs[i].buffer != NULL)
      show_rest (&self->outputs[i], &wait, self->control[0]);
  return NULL;
}

gboolean
terrane_relay_start (TerraneRelay *self, GError **error)
{
  for (int fd = 0; fd < N_STDIO; fd++)
    {
      oci_fd_close (oci_fd_steal (&self->owned[fd]));
      self->stdio[fd] = -1;
    }
  self->thread = g_thread_try_new ("relay", relay, self, error);
  return self->thread != NULL;
}

/* The pipe has room for it, since it only gets these few bytes. */
static void
command (const TerraneRelay *self, Command command)
{
  char byte = (char) command;
  (void) !write (self->control[1], &byte, 1);
}

static void
on_cancelled (G_GNUC_UNUSED GCancellable *cancellable, gpointer data)
{
  command (data, COMMAND_HURRY);
}

static void
join (TerraneRelay *self, Command last)
{
  if (self->thread == NULL)
    return;
  command (self, last);
  (void) g_thread_join (g_steal_pointer (&self->thread));
}

gboolean
terrane_relay_finish (TerraneRelay *self, GCancellable *cancellable, GError **error)
{
  gulong handler = 0;
  if (cancellable != NULL) /* immediately, if it happened before */
    handler = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  join (self, COMMAND_FINISH);
  g_cancellable_disconnect (cancellable, handler);
  for (int fd = 0; fd < N_STDIO; fd++)
    if (self->outputs[fd].failure != 0 && self->outputs[fd].failure != EPIPE)
      {
        errno = self->outputs[fd].failure;
        return oci_throw_errno (error, "writing to the standard %s", names[self->outputs[fd].ours]);
      }
  return TRUE;
}

void
terrane_relay_free (TerraneRelay *self)
{
  if (self == NULL)
    return;
  join (self, COMMAND_STOP);
  for (int fd = 0; fd < N_STDIO; fd++)
    {
      oci_fd_close (self->owned[fd]);
      oci_fd_close (self->outputs[fd].from);
      oci_fd_close (self->outputs[fd].own);
      g_free (self->outputs[fd].buffer);
    }
  oci_fd_close (self->input.to);
  oci_fd_close (self->input.reader);
  oci_fd_close (self->input.null);
  oci_fd_close (self->control[0]);
  oci_fd_close (self->control[1]);
  g_free (self->input.buffer);
  g_free (self);
}
