#include "builder/sandbox/process.h"

#include "builder/sandbox/capture.h"

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
  MAX_LEFT_CHUNKS = 64, /* read after the end; a pipe holds 64 KiB, or 1 MiB when made larger */
  STOP_MS = 1000,       /* for TerraneProcess.stop to have its effect */
  LOOK_MS = 20,         /* where the kernel, a container or valgrind has no pidfd_open() */
  FIRST_FREE_FD = 3,
  MAX_FDS = 64,
  BLOCK_BYTES = 512, /* of ru_inblock, whatever the file system has */
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
  self->read_bytes = (uint64_t) usage->ru_inblock * BLOCK_BYTES;
  self->major_faults = (uint64_t) usage->ru_majflt;
}

/* What a child could not do. It is of the same program, so words are at the same place. */
typedef struct
{
  const char *step; /* (nullable): of the prepare function */
  int failure;      /* an errno */
} StartFailure;

/* Between fork and exec only async-signal-safe calls: other threads may hold any lock. The numbers
 * to hand over do not overlap: sources were moved above all targets before the fork. */
static void
exec_child (const TerraneProcess *self, const char *program, const int *stdio, int error_pipe,
            const TerraneProcessFd *fds, pid_t parent)
{
  sigset_t none;
  /* Other libraries' descriptors too, which may lack the flag; an older kernel just keeps them. */
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
  else
    (void) setpgid (0, 0);
  for (size_t i = 0; ok && i < self->n_fds; i++)
    ok = dup2 (fds[i].fd, fds[i].child_fd) == fds[i].child_fd;
  if (ok)
    (void) execve (program, (char *const *) self->argv, (char *const *) self->env);
  failed.failure = errno;
  (void) !write (error_pipe, &failed, sizeof failed);
  _exit (127);
}

/* Duplicates above every number that a child's descriptor may get, so that no dup2() there closes
 * what another one still needs. */
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

/* What becomes 0, 1 and 2. *out_output is to read from, or -1. */
static gboolean
make_stdio (const TerraneProcess *self, OciFd stdio[FIRST_FREE_FD], OciFd *out_output,
            GError **error)
{
  if (self->stdio != NULL)
    return duplicate_high (self->stdio[0], &stdio[0], error)
           && duplicate_high (self->stdio[1], &stdio[1], error)
           && duplicate_high (self->stdio[2], &stdio[2], error);
  g_auto (OciFd) null = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0)
    return oci_throw_errno (error, "/dev/null");
  return duplicate_high (null, &stdio[0], error) && make_pipe (out_output, &stdio[1], error)
         && duplicate_high (stdio[1], &stdio[2], error);
}

gboolean
terrane_process_start (const TerraneProcess *self, OciFd *out_output, pid_t *out_child,
                       GError **error)
{
  g_auto (OciFd) output = -1, error_read = -1, error_write = -1;
  OciFd stdio[FIRST_FREE_FD] = { -1, -1, -1 };
  TerraneProcessFd moved[MAX_FDS];
  g_autofree char *program =
      self->as_it_is ? g_strdup (self->argv[0]) : g_find_program_in_path (self->argv[0]);
  g_assert (self->n_fds <= MAX_FDS);
  if (program == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "starting %s: not found in PATH", self->argv[0]);
  gboolean ok =
      make_stdio (self, stdio, &output, error) && make_pipe (&error_read, &error_write, error);
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
  *out_output = oci_fd_steal (&output);
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

/* The group, and the process itself in case it has left it. */
static void
kill_child (pid_t child)
{
  (void) kill (-child, SIGKILL);
  (void) kill (child, SIGKILL);
}

/* Takes one chunk; *out_more is FALSE at the end of the output, or when there is none for now. */
static gboolean
read_chunk (int fd, TerraneCapture *capture, gboolean *out_more, GError **error)
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
    terrane_capture_take (capture, buffer, (size_t) n);
  return TRUE;
}

static gboolean
has_ended (pid_t child)
{
  siginfo_t info = { 0 };
  return waitid (P_PID, (id_t) child, &info, WEXITED | WNOHANG | WNOWAIT) == 0
         && info.si_pid == child;
}

/* Sleeps until there is something to look at. */
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

/* Not only when nothing is ready: a process that never stops printing always is. Returns: the next
 * deadline, 0 for none */
static gint64
meet_deadline (const TerraneProcess *self, pid_t child, gint64 deadline, gboolean *timed_out)
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

/* Reads until the process ended, not until its output did: a daemon that it left behind may hold
 * that open for ever, and it may itself close it and live on. */
static gboolean
watch (const TerraneProcess *self, int output, pid_t child, gint64 deadline,
       GCancellable *cancellable, TerraneCapture *capture, gboolean *out_timed_out, GError **error)
{
  g_auto (OciFd) pidfd = (int) syscall (SYS_pidfd_open, child, 0);
  struct pollfd fds[] = { { .fd = output, .events = POLLIN },
                          { .fd = g_cancellable_get_fd (cancellable), .events = POLLIN },
                          { .fd = pidfd, .events = POLLIN } };
  gboolean ok = TRUE, ended = FALSE, more = FALSE;
  while (ok && !ended)
    {
      ok = wait_for_event (fds, G_N_ELEMENTS (fds), pidfd >= 0, deadline, error);
      ended = has_ended (child);
      if (!ended)
        deadline = meet_deadline (self, child, deadline, out_timed_out);
      if (ok && fds[1].revents != 0)
        ok = oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
      if (ok && fds[0].revents != 0)
        {
          ok = read_chunk (output, capture, &more, error);
          fds[0].fd = more ? output : -1;
        }
    }
  if (cancellable != NULL)
    g_cancellable_release_fd (cancellable);
  ok = ok && (fcntl (output, F_SETFL, O_NONBLOCK) == 0 || oci_throw_errno (error, "fcntl"));
  more = fds[0].fd >= 0;
  for (int i = 0; ok && more && i < MAX_LEFT_CHUNKS; i++)
    ok = read_chunk (output, capture, &more, error);
  return ok;
}

static gboolean
reap (pid_t child, TerraneProcessResult *result, GError **error)
{
  struct rusage usage;
  int status = 0;
  while (wait4 (child, &status, 0, &usage) < 0)
    if (errno != EINTR)
      return oci_throw_errno (error, "waiting for a process");
  result->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  result->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  terrane_process_result_set_usage (result, &usage);
  return TRUE;
}

gboolean
terrane_process_run_full (const TerraneProcess *self, GCancellable *cancellable,
                          TerraneProcessResult *out_result, GError **error)
{
  g_auto (OciFd) output = -1;
  pid_t child = 0;
  gint64 started = g_get_monotonic_time ();
  gint64 deadline =
      self->deadline_ms > 0 ? started + (gint64) MIN (self->deadline_ms, G_MAXINT) * 1000 : 0;
  *out_result = (TerraneProcessResult){ 0 };
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  if (!terrane_process_start (self, &output, &child, error))
    return FALSE;

  g_auto (TerraneCapture) capture;
  terrane_capture_init (&capture);
  gboolean ok =
      watch (self, output, child, deadline, cancellable, &capture, &out_result->timed_out, error);
  if (!ok)
    kill_child (child);
  ok = reap (child, out_result, ok ? error : NULL) && ok;
  out_result->wall_usecs = (uint64_t) (g_get_monotonic_time () - started);
  out_result->output = terrane_capture_text (&capture);
  return ok;
}

gboolean
terrane_process_run (const char *const *argv, const TerraneProcessFd *fds, size_t n_fds,
                     uint64_t deadline_ms, TerraneProcessResult *out_result, GError **error)
{
  const TerraneProcess process = { .argv = argv,
                                   .env = (const char *const *) environ,
                                   .fds = fds,
                                   .n_fds = n_fds,
                                   .deadline_ms = deadline_ms };
  return terrane_process_run_full (&process, NULL, out_result, error);
}
