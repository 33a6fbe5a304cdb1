#include "builder/sandbox/process.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  KEEP_BYTES = 128 * 1024, /* of the start and of the end of the output */
  FIRST_FREE_FD = 3,
  MAX_FDS = 64,
};

void
terrane_process_result_clear (TerraneProcessResult *self)
{
  g_clear_pointer (&self->output, g_free);
}

void
terrane_process_result_set_usage (TerraneProcessResult *self, const struct rusage *usage)
{
  self->cpu_usecs = (uint64_t) (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * G_USEC_PER_SEC
                    + (uint64_t) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
  self->peak_rss_bytes = (uint64_t) usage->ru_maxrss * 1024; /* the kernel counts in KiB */
}

/* Output of any length: the start and the end, which is where a traceback has its message. */
typedef struct
{
  GString *head;
  GString *tail;
  uint64_t dropped;
} Capture;

static void
capture_take (Capture *self, const char *data, size_t len)
{
  size_t to_head = MIN (len, KEEP_BYTES - self->head->len);
  g_string_append_len (self->head, data, (gssize) to_head);
  g_string_append_len (self->tail, data + to_head, (gssize) (len - to_head));
  if (self->tail->len > KEEP_BYTES)
    {
      gsize excess = self->tail->len - KEEP_BYTES;
      g_string_erase (self->tail, 0, (gssize) excess);
      self->dropped += excess;
    }
}

static char *
capture_text (const Capture *self)
{
  g_autoptr (GString) all = g_string_new_len (self->head->str, (gssize) self->head->len);
  if (self->dropped > 0)
    g_string_append_printf (all, "\n… %" G_GUINT64_FORMAT " bytes left out …\n", self->dropped);
  g_string_append_len (all, self->tail->str, (gssize) self->tail->len);
  return g_utf8_make_valid (all->str, (gssize) all->len);
}

/* Between fork and exec only async-signal-safe calls: other threads may hold any lock. The numbers
 * to hand over do not overlap: sources were moved above all targets before the fork. */
static void
exec_child (const char *const *argv, int output, int error_pipe, const TerraneProcessFd *fds,
            size_t n_fds, pid_t parent)
{
  sigset_t none;
  int null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  (void) sigemptyset (&none);
  (void) sigprocmask (SIG_SETMASK, &none, NULL);
  (void) signal (SIGPIPE, SIG_DFL);
  (void) setpgid (0, 0);
  gboolean ok = prctl (PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid () == parent && null >= 0
                && dup2 (null, 0) == 0 && dup2 (output, 1) == 1 && dup2 (output, 2) == 2;
  for (size_t i = 0; ok && i < n_fds; i++)
    ok = dup2 (fds[i].fd, fds[i].child_fd) == fds[i].child_fd;
  if (ok)
    (void) execvp (argv[0], (char *const *) argv);
  int failure = errno;
  (void) !write (error_pipe, &failure, sizeof failure);
  _exit (127);
}

/* Duplicates the sources above every target, so that no dup2() closes a source. */
static gboolean
move_fds_up (const TerraneProcessFd *fds, size_t n_fds, TerraneProcessFd *moved, GError **error)
{
  for (size_t i = 0; i < n_fds; i++)
    {
      moved[i].child_fd = fds[i].child_fd;
      moved[i].fd = fcntl (fds[i].fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD + MAX_FDS);
      if (moved[i].fd < 0)
        return oci_throw_errno (error, "duplicating a descriptor");
    }
  return TRUE;
}

static gboolean
wait_for_exec (int error_pipe, const char *program, pid_t child, GError **error)
{
  int failure = 0;
  size_t got = 0;
  if (!oci_read_full (error_pipe, &failure, sizeof failure, &got, error))
    return FALSE;
  if (got == 0)
    return TRUE;
  (void) waitpid (child, NULL, 0);
  errno = failure;
  return oci_throw_errno (error, "starting %s", program);
}

static gboolean
start (const char *const *argv, const TerraneProcessFd *fds, size_t n_fds, int *out_output,
       pid_t *out_child, GError **error)
{
  g_auto (OciFd) output_read = -1, output_write = -1, error_read = -1, error_write = -1;
  TerraneProcessFd moved[MAX_FDS];
  int pipe_fds[2];
  g_assert (n_fds <= MAX_FDS);
  for (size_t i = 0; i < MAX_FDS; i++)
    moved[i].fd = -1;
  if (pipe2 (pipe_fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  output_read = pipe_fds[0];
  output_write = fcntl (pipe_fds[1], F_DUPFD_CLOEXEC, FIRST_FREE_FD + MAX_FDS);
  oci_fd_close (pipe_fds[1]);
  if (pipe2 (pipe_fds, O_CLOEXEC) < 0)
    return oci_throw_errno (error, "creating a pipe");
  error_read = pipe_fds[0];
  error_write = fcntl (pipe_fds[1], F_DUPFD_CLOEXEC, FIRST_FREE_FD + MAX_FDS);
  oci_fd_close (pipe_fds[1]);
  if (output_write < 0 || error_write < 0)
    return oci_throw_errno (error, "duplicating a pipe");

  gboolean ok = move_fds_up (fds, n_fds, moved, error);
  pid_t parent = getpid ();
  pid_t child = ok ? fork () : -1;
  if (child == 0)
    exec_child (argv, output_write, error_write, moved, n_fds, parent);
  if (ok && child < 0)
    ok = oci_throw_errno (error, "creating a process");
  for (size_t i = 0; i < n_fds; i++)
    oci_fd_close (moved[i].fd);
  oci_fd_close (oci_fd_steal (&error_write));
  if (!ok || !wait_for_exec (error_read, argv[0], child, error))
    return FALSE;
  *out_output = oci_fd_steal (&output_read);
  *out_child = child;
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

/* Reads until the process closed its output; kills the group at the deadline. */
static gboolean
read_output (int fd, pid_t child, gint64 deadline, Capture *capture, gboolean *out_timed_out,
             GError **error)
{
  char buffer[16 * 1024];
  *out_timed_out = FALSE;
  for (;;)
    {
      struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
      int ready = poll (&poll_fd, 1, *out_timed_out ? -1 : remaining_ms (deadline));
      if (ready < 0 && errno == EINTR)
        continue;
      if (ready < 0)
        return oci_throw_errno (error, "waiting for a process");
      if (ready == 0)
        {
          /* The group, and the process itself in case it has left it. */
          *out_timed_out = TRUE;
          (void) kill (-child, SIGKILL);
          (void) kill (child, SIGKILL);
          continue;
        }
      ssize_t n = read (fd, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return oci_throw_errno (error, "reading a process's output");
      if (n == 0)
        return TRUE;
      capture_take (capture, buffer, (size_t) n);
    }
}

/* A process may close its output and live on: the deadline holds for its end too. */
static gboolean
reap (pid_t child, gint64 deadline, TerraneProcessResult *result, GError **error)
{
  struct rusage usage;
  int status = 0;
  int pidfd = (int) syscall (SYS_pidfd_open, child, 0);
  g_auto (OciFd) guard = pidfd;
  if (pidfd >= 0 && !result->timed_out)
    {
      struct pollfd poll_fd = { .fd = pidfd, .events = POLLIN };
      int ready;
      do
        ready = poll (&poll_fd, 1, remaining_ms (deadline));
      while (ready < 0 && errno == EINTR);
      if (ready == 0)
        {
          result->timed_out = TRUE;
          (void) kill (-child, SIGKILL);
          (void) kill (child, SIGKILL);
        }
    }
  while (wait4 (child, &status, 0, &usage) < 0)
    if (errno != EINTR)
      return oci_throw_errno (error, "waiting for a process");
  result->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  result->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  terrane_process_result_set_usage (result, &usage);
  return TRUE;
}

gboolean
terrane_process_run (const char *const *argv, const TerraneProcessFd *fds, size_t n_fds,
                     uint64_t deadline_ms, TerraneProcessResult *out_result, GError **error)
{
  g_auto (OciFd) output = -1;
  pid_t child = 0;
  gint64 started = g_get_monotonic_time ();
  gint64 deadline = deadline_ms > 0 ? started + (gint64) deadline_ms * 1000 : 0;
  *out_result = (TerraneProcessResult){ 0 };
  if (!start (argv, fds, n_fds, &output, &child, error))
    return FALSE;

  Capture capture = { .head = g_string_new (NULL), .tail = g_string_new (NULL) };
  gboolean ok = read_output (output, child, deadline, &capture, &out_result->timed_out, error);
  if (!ok)
    (void) kill (-child, SIGKILL);
  ok = reap (child, deadline, out_result, ok ? error : NULL) && ok;
  out_result->wall_usecs = (uint64_t) (g_get_monotonic_time () - started);
  out_result->output = capture_text (&capture);
  g_string_free (capture.head, TRUE);
  g_string_free (capture.tail, TRUE);
  return ok;
}
