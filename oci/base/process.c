#include "oci/base/process.h"

#include "oci/base/capture.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  CHUNK_BYTES = 16 * 1024,
  KEEP_BYTES = 128 * 1024, /* of the start and of the end */
  MAX_MESSAGE_BYTES = 4096,
  MAX_LEFT_CHUNKS = 64, /* read after the end; a pipe holds 64 KiB, or 1 MiB if it was enlarged */
  STOP_MS = 1000,       /* for OciProcess.stop to have its effect */
  LOOK_MS = 20,         /* without pidfd_open(), because of the kernel, a container or valgrind */
  FIRST_FREE_FD = 3,
  MAX_FDS = 64,
  BLOCK_BYTES = 512, /* unit of ru_inblock on every file system */
};

void
oci_process_result_clear (OciProcessResult *self)
{
  if (self->output != NULL)
    explicit_bzero (self->output, self->output_size);
  if (self->messages != NULL)
    explicit_bzero (self->messages, strlen (self->messages));
  g_clear_pointer (&self->output, g_free);
  g_clear_pointer (&self->messages, g_free);
}

static void
set_usage (OciProcessResult *self, const struct rusage *usage)
{
  self->cpu_usecs = (uint64_t) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * G_USEC_PER_SEC
                    + (uint64_t) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
  self->peak_rss_bytes = (uint64_t) usage->ru_maxrss * 1024; /* the kernel counts in KiB */
  self->read_bytes = (uint64_t) usage->ru_inblock * BLOCK_BYTES;
  self->major_faults = (uint64_t) usage->ru_majflt;
}

/* Why exec failed; `step` points to static data, valid in both processes. */
typedef struct
{
  const char *step; /* (nullable): of the prepare function */
  int failure;      /* an errno */
} StartFailure;

/* Between fork and exec only async-signal-safe functions are called: other threads may hold any
 * lock. Source and target numbers do not overlap: sources were moved above all targets before the
 * fork. */
static void
exec_child (const OciProcess *self, const char *program, const int *stdio, int error_pipe,
            const OciProcessFd *fds, pid_t parent)
{
  sigset_t none;
  /* Also descriptors of other libraries, which may lack the flag; an older kernel keeps them. */
  (void) syscall (SYS_close_range, FIRST_FREE_FD, ~0U, CLOSE_RANGE_CLOEXEC);
  (void) sigemptyset (&none);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);
  (void) signal (SIGPIPE, SIG_DFL);
  StartFailure failed = { 0 };
  if (self->prepare != NULL)
    failed.step = self->prepare (self->prepare_data);
  gboolean ok = failed.step == NULL;
  ok = ok
       && (self->ends_itself
           || (prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid () == parent));
  for (int i = 0; ok && i < FIRST_FREE_FD; i++)
    ok = dup2 (stdio[i], i) == i;
  if (ok && self->terminal)
    ok = setsid () > 0 && ioctl (0, TIOCSCTTY, 0) == 0;
  else if (!self->foreground)
    (void) setpgid (0, 0);
  for (size_t i = 0; ok && i < self->n_fds; i++)
    ok = dup2 (fds[i].fd, fds[i].child_fd) == fds[i].child_fd;
  if (ok)
    (void) execve (program, (char *const *) self->argv,
                   (char *const *) (self->env != NULL ? self->env : (const char *const *) environ));
  failed.failure = errno;
  (void) !write (error_pipe, &failed, sizeof failed);
  _exit (127);
}

/* Duplicates above all numbers of the child's descriptors, so that no dup2() there closes one that
 * is still needed. */
static gboolean
duplicate_high (int fd, OciFd *out_fd, GError **error)
{
  *out_fd = fcntl (fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD + MAX_FDS);
  if (*out_fd < 0 && errno == EINVAL) /* fcntl(2): the number is not below RLIMIT_NOFILE */
    return oci_throw (error, OCI_ERROR_IO,
                      "too few descriptors are allowed: 'ulimit -n' must be over %d",
                      FIRST_FREE_FD + MAX_FDS);
  return *out_fd >= 0 || oci_throw_errno (error, "duplicating a descriptor");
}

static gboolean
make_pipe (OciFd *out_read, OciFd *out_write, GError **error)
{
  int fds[2];
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  *out_read = fds[0];
  gboolean ok = duplicate_high (fds[1], out_write, error);
  oci_fd_close (fds[1]);
  return ok;
}

static gboolean
wait_for_exec (int error_pipe, const char *program, pid_t child, GError **error)
{
  StartFailure failed = { 0 };
  size_t got = 0;
  gboolean ok = oci_read_full (error_pipe, &failed, sizeof failed, &got, error);
  if (ok && got == 0)
    return TRUE;
  (void) kill (child, SIGKILL);
  (void) waitpid (child, NULL, 0);
  if (!ok)
    return FALSE;
  if (failed.step != NULL)
    return oci_throw (error, OCI_ERROR_IO, "%s: %s", failed.step, g_strerror (failed.failure));
  errno = failed.failure;
  return oci_throw_errno (error, "starting %s", program);
}

/* This process's ends of a child's pipes. */
typedef struct
{
  OciFd input, output, messages;
} Pipes;

static void
pipes_clear (Pipes *self)
{
  oci_fd_close (oci_fd_steal (&self->input));
  oci_fd_close (oci_fd_steal (&self->output));
  oci_fd_close (oci_fd_steal (&self->messages));
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pipes, pipes_clear)

static gboolean
make_input (const OciProcess *self, OciFd *out_theirs, OciFd *out_ours, GError **error)
{
  int fds[2];
  if (self->input == NULL)
    {
      g_auto (OciFd) null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
      return (null >= 0 || oci_throw_errno (error, "/dev/null"))
             && duplicate_high (null, out_theirs, error);
    }
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  *out_ours = fds[1];
  gboolean ok = duplicate_high (fds[0], out_theirs, error);
  oci_fd_close (fds[0]);
  return ok && (fcntl (*out_ours, F_SETFL, O_NONBLOCK) == 0 || oci_throw_errno (error, "fcntl"));
}

/* Makes descriptors 0, 1 and 2. */
static gboolean
make_stdio (const OciProcess *self, OciFd stdio[FIRST_FREE_FD], Pipes *pipes, GError **error)
{
  if (self->stdio != NULL)
    return duplicate_high (self->stdio[0], &stdio[0], error)
           && duplicate_high (self->stdio[1], &stdio[1], error)
           && duplicate_high (self->stdio[2], &stdio[2], error);
  if (!make_input (self, &stdio[0], &pipes->input, error)
      || !make_pipe (&pipes->output, &stdio[1], error))
    return FALSE;
  return self->max_output != 0 ? make_pipe (&pipes->messages, &stdio[2], error)
                               : duplicate_high (stdio[1], &stdio[2], error);
}

static gboolean
start (const OciProcess *self, Pipes *out_pipes, pid_t *out_child, GError **error)
{
  g_auto (OciFd) error_read = -1, error_write = -1;
  g_auto (Pipes) pipes = { -1, -1, -1 };
  OciFd stdio[FIRST_FREE_FD] = { -1, -1, -1 };
  OciProcessFd moved[MAX_FDS];
  g_autofree char *program =
      self->program != NULL ? g_strdup (self->program) : g_find_program_in_path (self->argv[0]);
  g_assert (self->n_fds <= MAX_FDS);
  if (program == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "starting %s: not found in PATH", self->argv[0]);
  gboolean ok =
      make_stdio (self, stdio, &pipes, error) && make_pipe (&error_read, &error_write, error);
  size_t n_moved = 0;
  for (; ok && n_moved < self->n_fds; n_moved++)
    {
      moved[n_moved].child_fd = self->fds[n_moved].child_fd;
      ok = duplicate_high (self->fds[n_moved].fd, &moved[n_moved].fd, error);
    }
  pid_t parent = getpid ();
  pid_t child = ok ? fork () : -1;
  if (child == 0)
    exec_child (self, program, stdio, error_write, moved, parent);
  if (ok && child < 0)
    ok = oci_throw_errno (error, "creating a process");
  for (size_t i = 0; i < n_moved; i++)
    oci_fd_close (moved[i].fd);
  for (int i = 0; i < FIRST_FREE_FD; i++)
    oci_fd_close (stdio[i]);
  oci_fd_close (oci_fd_steal (&error_write));
  if (!ok || !wait_for_exec (error_read, program, child, error))
    return FALSE;
  *out_pipes = (Pipes){ oci_fd_steal (&pipes.input), oci_fd_steal (&pipes.output),
                        oci_fd_steal (&pipes.messages) };
  *out_child = child;
  return TRUE;
}

gboolean
oci_process_start (const OciProcess *self, OciFd *out_output, pid_t *out_child, GError **error)
{
  Pipes pipes = { -1, -1, -1 };
  g_assert (self->input == NULL && self->max_output == 0);
  if (!start (self, &pipes, out_child, error))
    return FALSE;
  *out_output = pipes.output;
  return TRUE;
}

static int
remaining_ms (gint64 deadline)
{
  if (deadline == 0)
    return -1;
  gint64 left = (deadline - g_get_monotonic_time () + 999) / 1000;
  return (int) CLAMP (left, 0, G_MAXINT);
}

/* Kills the group, and the process itself in case it has left the group. */
static void
kill_child (pid_t child)
{
  (void) kill (-child, SIGKILL);
  (void) kill (child, SIGKILL);
}

/* Reads one chunk; *@out_more is FALSE at the end of the output, or if none is available. */
static gboolean
read_chunk (int fd, OciCapture *capture, gboolean *out_more, GError **error)
{
  char buffer[CHUNK_BYTES];
  ssize_t n;
  do
    n = read (fd, buffer, sizeof buffer);
  while (n < 0 && errno == EINTR);
  *out_more = n > 0;
  if (n < 0 && errno != EAGAIN)
    return oci_throw_errno (error, "reading a process's output");
  if (n > 0)
    {
      oci_capture_take (capture, buffer, (size_t) n);
      explicit_bzero (buffer, (size_t) n);
    }
  return TRUE;
}

/* A process that does not read its input may not need it; its exit status decides. */
static void
write_input (OciFd *fd, const char **left)
{
  size_t len = strlen (*left);
  ssize_t n = write (*fd, *left, len);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  *left += MAX (n, 0);
  if (n <= 0 || (size_t) n == len)
    oci_fd_close (oci_fd_steal (fd));
}

static gboolean
has_ended (pid_t child)
{
  siginfo_t info = { 0 };
  return waitid (P_PID, (id_t) child, &info, WEXITED | WNOHANG | WNOWAIT) == 0
         && info.si_pid == child;
}

/* Sleeps until there is an event. */
static gboolean
wait_for_event (struct pollfd *fds, nfds_t n_fds, gboolean has_pidfd, gint64 deadline,
                GError **error)
{
  int timeout = remaining_ms (deadline);
  if (!has_pidfd && (timeout < 0 || timeout > LOOK_MS))
    timeout = LOOK_MS;
  if (poll (fds, n_fds, timeout) >= 0)
    return TRUE;
  for (nfds_t i = 0; i < n_fds; i++)
    fds[i].revents = 0;
  return errno == EINTR || oci_throw_errno (error, "waiting for a process");
}

/* Called not only if nothing is ready: a process that never stops printing is always ready.
 * Returns: the next deadline, 0 for none */
static gint64
meet_deadline (const OciProcess *self, pid_t child, gint64 deadline, gboolean *timed_out)
{
  if (remaining_ms (deadline) != 0)
    return deadline;
  gboolean stops = !*timed_out && self->stop != NULL && self->stop (self->stop_data);
  *timed_out = TRUE;
  if (stops)
    return g_get_monotonic_time () + (gint64) STOP_MS * 1000;
  kill_child (child);
  return 0;
}

/* State of one pipe. */
typedef struct
{
  int fd; /* -1 at its end */
  OciCapture capture;
  size_t max; /* 0 for none */
} Stream;

static gboolean
take (Stream *self, gboolean *out_more, GError **error)
{
  if (!read_chunk (self->fd, &self->capture, out_more, error))
    return FALSE;
  return self->max == 0 || self->capture.dropped == 0
         || oci_throw (error, OCI_ERROR_LIMIT, "it printed more than %zu bytes", self->max);
}

/* Everything written before the end is in the pipe; a descendant that holds it open is not waited
 * for. */
static gboolean
drain (Stream *self, GError **error)
{
  gboolean ok = TRUE, more = self->fd >= 0;
  if (more && fcntl (self->fd, F_SETFL, O_NONBLOCK) < 0)
    return oci_throw_errno (error, "fcntl");
  for (int i = 0; ok && more && i < MAX_LEFT_CHUNKS; i++)
    ok = take (self, &more, error);
  return ok;
}

static gboolean
take_ready (Stream *stream, const struct pollfd *event, GError **error)
{
  gboolean more = TRUE;
  if (event->revents == 0)
    return TRUE;
  if (!take (stream, &more, error))
    return FALSE;
  stream->fd = more ? stream->fd : -1;
  return TRUE;
}

/* Reads until the process has ended, not until its output has: a daemon that it started may hold
 * that open forever, and it may itself close its output and continue. */
static gboolean
watch (const OciProcess *self, Pipes *pipes, pid_t child, gint64 deadline,
       GCancellable *cancellable, Stream streams[2], gboolean *out_timed_out, GError **error)
{
  g_auto (OciFd) pidfd = (int) syscall (SYS_pidfd_open, child, 0);
  int cancel = g_cancellable_get_fd (cancellable);
  const char *input = self->input;
  gboolean ok = TRUE, ended = FALSE;
  while (ok && !ended)
    {
      struct pollfd fds[] = { { .fd = streams[0].fd, .events = POLLIN },
                              { .fd = streams[1].fd, .events = POLLIN },
                              { .fd = pipes->input, .events = POLLOUT },
                              { .fd = cancel, .events = POLLIN },
                              { .fd = pidfd, .events = POLLIN } };
      ok = wait_for_event (fds, G_N_ELEMENTS (fds), pidfd >= 0, deadline, error);
      ended = has_ended (child);
      if (!ended)
        deadline = meet_deadline (self, child, deadline, out_timed_out);
      if (ok && fds[3].revents != 0)
        ok = oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
      if (ok && fds[2].revents != 0)
        write_input (&pipes->input, &input);
      ok = ok && take_ready (&streams[0], &fds[0], error)
           && take_ready (&streams[1], &fds[1], error);
    }
  if (cancellable != NULL)
    g_cancellable_release_fd (cancellable);
  return ok && drain (&streams[0], error) && drain (&streams[1], error);
}

static gboolean
reap (pid_t child, OciProcessResult *result, GError **error)
{
  struct rusage usage;
  int status = 0;
  while (wait4 (child, &status, 0, &usage) < 0)
    if (errno != EINTR)
      return oci_throw_errno (error, "waiting for a process");
  result->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  result->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  set_usage (result, &usage);
  return TRUE;
}

static void
take_output (const OciProcess *self, Stream streams[2], OciProcessResult *result)
{
  if (self->max_output == 0)
    {
      result->output = oci_capture_text (&streams[0].capture);
      result->output_size = strlen (result->output);
      return;
    }
  result->output_size = streams[0].capture.head_size;
  result->output = oci_capture_steal_head (&streams[0].capture);
  result->messages = oci_capture_steal_head (&streams[1].capture);
}

gboolean
oci_process_run_full (const OciProcess *self, GCancellable *cancellable,
                      OciProcessResult *out_result, GError **error)
{
  g_auto (Pipes) pipes = { -1, -1, -1 };
  pid_t child = 0;
  gint64 started = g_get_monotonic_time ();
  gint64 deadline =
      self->deadline_ms > 0 ? started + (gint64) MIN (self->deadline_ms, G_MAXINT) * 1000 : 0;
  *out_result = (OciProcessResult){ 0 };
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  if (!start (self, &pipes, &child, error))
    return FALSE;

  gboolean alone = self->max_output != 0;
  Stream streams[] = { { .fd = pipes.output, .max = self->max_output }, { .fd = pipes.messages } };
  oci_capture_init (&streams[0].capture, alone ? self->max_output : KEEP_BYTES,
                    alone ? 0 : KEEP_BYTES);
  oci_capture_init (&streams[1].capture, MAX_MESSAGE_BYTES, 0);
  gboolean ok =
      watch (self, &pipes, child, deadline, cancellable, streams, &out_result->timed_out, error);
  if (!ok)
    kill_child (child);
  ok = reap (child, out_result, ok ? error : NULL) && ok;
  out_result->wall_usecs = (uint64_t) (g_get_monotonic_time () - started);
  take_output (self, streams, out_result);
  oci_capture_clear (&streams[0].capture);
  oci_capture_clear (&streams[1].capture);
  return ok;
}

gboolean
oci_process_run (const char *const *argv, const OciProcessFd *fds, size_t n_fds,
                 uint64_t deadline_ms, OciProcessResult *out_result, GError **error)
{
  const OciProcess process = {
    .argv = argv, .fds = fds, .n_fds = n_fds, .deadline_ms = deadline_ms
  };
  return oci_process_run_full (&process, NULL, out_result, error);
}
