#include "builder/sandbox/session.h"

#include "builder/sandbox/bwrap.h"
#include "builder/sandbox/cgroup.h"
#include "builder/sandbox/children.h"
#include "builder/sandbox/inlet.h"
#include "builder/sandbox/memory-watch.h"
#include "builder/sandbox/mounts.h"
#include "builder/sandbox/outside.h"
#include "builder/sandbox/session-end.h"
#include "builder/sandbox/session-private.h"
#include "builder/sandbox/stdio.h"

#include "oci/base/capture.h"
#include "oci/base/error.h"
#include "oci/base/parallel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  TICK_MS = 10,
  CHUNK_BYTES = 16 * 1024,
  MAX_STATUS_BYTES = 16 * 1024,
  MAX_HEAD_BYTES = 4 * 1024, /* of the output: bubblewrap's own messages come first */
  MAX_LEFT_CHUNKS = 64,
};

struct _TerraneSession
{
  TerraneSessionOptions options;
  GThread *thread;

  /* Used by the thread only. */
  OciFd output;
  OciFd status;
  OciFd report;
  TerraneCgroup *cgroup;  /* (nullable): without it, memory is only watched */
  TerraneOutside outside; /* for other kinds than bubblewrap */
  OciFd pidfd;            /* of bubblewrap's outer process */
  pid_t outer;
  pid_t init; /* process 1 of the sandbox */
  OciFd init_pidfd;
  OciCapture head;
  GString *status_text;
  TerraneMemoryWatch watch;
  TerraneSandboxKind kind;
  gboolean killed;

  /* Given to the thread by the function that starts it. */
  const TerraneBwrap *bwrap;
  const OciProcess *process;
  OciFd release; /* a byte here lets the program start */
  OciFd life;    /* when it is closed, even by a kill, the sandbox ends */
  OciFd listener;
  GError *error;

  OciFd wake;
  GMutex mutex;
  GCond changed;
  gboolean started;      /* or failed, with an error */
  gboolean not_prepared; /* it failed before bubblewrap was started */
  gboolean ended;
  gboolean stop;
  gboolean kill;
  guint flush_wanted, flush_done;
  uint64_t peak_bytes;
  TerraneSessionEnd end;
};

static void
wake_up (TerraneSession *self)
{
  const uint64_t one = 1;
  (void) !write (self->wake, &one, sizeof one); /* fails only if the thread is already awake */
}

/* @len: 0 at the end */
static void
pass_on (TerraneSession *self, const char *bytes, size_t len)
{
  g_autoptr (GString) text = g_string_sized_new (len);
  terrane_outside_filter (&self->outside, bytes, len, text);
  if (self->options.output != NULL && text->len > 0)
    self->options.output (text->str, text->len, self->options.output_data);
}

/* Returns: whether there may be more */
static gboolean
take_output (TerraneSession *self)
{
  char buffer[CHUNK_BYTES];
  ssize_t n = self->output >= 0 ? read (self->output, buffer, sizeof buffer) : 0;
  if (n < 0)
    return errno == EINTR;
  if (n == 0)
    {
      oci_fd_close (oci_fd_steal (&self->output));
      pass_on (self, NULL, 0);
      return FALSE;
    }
  oci_capture_take (&self->head, buffer, (size_t) n);
  pass_on (self, buffer, (size_t) n);
  return TRUE;
}

static void
take_left_output (TerraneSession *self)
{
  for (int i = 0; i < MAX_LEFT_CHUNKS && take_output (self); i++)
    ;
}

static void
take_status (TerraneSession *self)
{
  char buffer[1024];
  ssize_t n = read (self->status, buffer, sizeof buffer);
  if (n == 0 || self->status_text->len > MAX_STATUS_BYTES)
    oci_fd_close (oci_fd_steal (&self->status));
  else if (n > 0)
    g_string_append_len (self->status_text, buffer, n);
}

/* Kills process 1, and so everything inside. Called by any thread, once the sandbox was started.
 * Outside namespaces the first process kills the others; killing it would set them free. */
static void
kill_inside (const TerraneSession *self)
{
  if (self->kind == TERRANE_SANDBOX_NONE)
    (void) !write (self->life, "", 1); /* fails only if it has ended */
  else if (self->init_pidfd >= 0)
    (void) syscall (SYS_pidfd_send_signal, self->init_pidfd, SIGKILL, NULL, 0);
}

static void
kill_all (TerraneSession *self)
{
  self->killed = TRUE;
  kill_inside (self);
  if (self->kind == TERRANE_SANDBOX_NONE)
    return;
  if (self->outside.podman != NULL)
    terrane_elsewhere_kill (self->outside.podman);
  (void) kill (-self->outer, SIGKILL);
  (void) kill (self->outer, SIGKILL);
}

/* @exactly: see terrane_memory_watch_look() */
static void
sample (TerraneSession *self, gboolean exactly)
{
  TerraneMemoryLook look;
  TerraneSessionEnd *end = &self->end;
  terrane_memory_watch_look (&self->watch, exactly, &look);
  g_mutex_lock (&self->mutex);
  self->peak_bytes = MAX (self->peak_bytes, look.peak_bytes);
  g_mutex_unlock (&self->mutex);
  end->out_of_memory = end->out_of_memory || look.out_of_memory;
  end->too_many_processes = end->too_many_processes || look.too_many_processes;
  end->unwatched = end->unwatched || look.unwatched;
  if (end->out_of_memory || end->too_many_processes || end->unwatched)
    kill_all (self);
}

/* Returns: whether the process ended */
static gboolean
wait_for_event (TerraneSession *self)
{
  gboolean full =
      self->options.output_full != NULL && self->options.output_full (self->options.output_data);
  struct pollfd fds[] = { { .fd = full ? -1 : self->output, .events = POLLIN },
                          { .fd = self->status, .events = POLLIN },
                          { .fd = self->wake, .events = POLLIN },
                          { .fd = self->pidfd, .events = POLLIN } };
  uint64_t count = 0;
  if (poll (fds, G_N_ELEMENTS (fds), TICK_MS) < 0)
    return FALSE; /* a signal */
  if (fds[0].revents != 0)
    (void) take_output (self);
  if (fds[1].revents != 0)
    take_status (self);
  if (fds[2].revents != 0)
    (void) !read (self->wake, &count, sizeof count);
  return fds[3].revents != 0;
}

static void
serve_requests (TerraneSession *self)
{
  g_mutex_lock (&self->mutex);
  guint wanted = self->flush_wanted;
  gboolean flush = wanted != self->flush_done, stop = self->stop, end = self->kill;
  self->stop = FALSE;
  g_mutex_unlock (&self->mutex);
  if (flush)
    take_left_output (self);
  if (flush || g_get_monotonic_time () >= self->watch.next)
    sample (self, flush);
  /* Not process 1 itself, or the usage would be lost. */
  if (end || (stop && (self->init <= 1 || terrane_children_kill (self->init) == 0)))
    kill_all (self);
  g_mutex_lock (&self->mutex);
  self->flush_done = wanted;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

const char *
terrane_session_memory_method (const TerraneSession *self)
{
  if (self->options.memory_bytes == 0)
    return "none";
  if (self->kind == TERRANE_SANDBOX_PODMAN)
    return "podman";
  return self->cgroup != NULL ? "cgroup" : "sampled";
}

/* bubblewrap waits for process 1, unless it was killed; then process 1 is a child of this process
 * by PR_SET_CHILD_SUBREAPER. Its number may now belong to another child, so it is not used. */
static void
reap_init (TerraneSession *self)
{
  siginfo_t info;
  if (self->init_pidfd < 0)
    return;
  kill_inside (self); /* however bubblewrap ended */
  while (waitid ((idtype_t) P_PIDFD, (id_t) self->init_pidfd, &info, WEXITED) < 0 && errno == EINTR)
    ;
}

static void
reap (TerraneSession *self)
{
  int status = 0;
  TerraneInitReport report;
  while (waitpid (self->outer, &status, 0) < 0 && errno == EINTR)
    ;
  reap_init (self);
  g_mutex_lock (&self->mutex);
  self->killed = self->killed || self->kill;
  g_mutex_unlock (&self->mutex);
  terrane_bwrap_read_report (self->report, &report);
  if (self->cgroup != NULL && terrane_cgroup_was_exceeded (self->cgroup))
    self->end.out_of_memory = self->killed = TRUE;
  self->end.memory_method = terrane_session_memory_method (self);
  if (self->kind == TERRANE_SANDBOX_PODMAN)
    terrane_session_end_take_status (&self->end, self->kind, status, self->killed);
  else
    terrane_session_end_take_report (&self->end, &report, status, self->killed);
  g_mutex_lock (&self->mutex);
  self->peak_bytes = MAX (self->peak_bytes, report.peak_bytes);
  g_mutex_unlock (&self->mutex);
}

/* Throws what bubblewrap said when it could not make the sandbox. */
static gboolean
throw_failure (TerraneSession *self)
{
  kill_all (self);
  if (self->output >= 0)
    (void) fcntl (self->output, F_SETFL, 0);
  take_left_output (self);
  return terrane_bwrap_throw_not_made (self->head.head, &self->error);
}

/* Mounts before bubblewrap need namespaces, like bubblewrap itself. */
static gboolean
throw_not_prepared (TerraneSession *self)
{
  g_autoptr (GError) cause = g_steal_pointer (&self->error);
  self->not_prepared = TRUE;
  return terrane_bwrap_throw_not_made (cause->message, &self->error);
}

/* While the program is held; it inherits the group. */
static void
enter_cgroup (TerraneSession *self)
{
  g_autofree char *membership = NULL;
  if (self->options.memory_bytes == 0
      || !g_file_get_contents ("/proc/self/cgroup", &membership, NULL, NULL))
    return;
  self->cgroup = terrane_cgroup_new ("/sys/fs/cgroup", membership, self->options.memory_bytes,
                                     TERRANE_SESSION_MAX_PROCESSES);
  if (self->cgroup != NULL && !terrane_cgroup_add (self->cgroup, self->init))
    g_clear_pointer (&self->cgroup, terrane_cgroup_free);
}

/* podman's program is not held at its start. */
static gboolean
start_process_outside (TerraneSession *self)
{
  if (!oci_process_start (self->process, &self->output, &self->outer, &self->error))
    return FALSE;
  if (self->kind == TERRANE_SANDBOX_NONE)
    {
      terrane_bare_close_fds (self->outside.bare);
      self->init = self->outer;
      terrane_memory_watch_init (&self->watch, self->init, self->options.memory_bytes, FALSE);
      self->watch.tree = TRUE;
    }
  self->pidfd = (int) syscall (SYS_pidfd_open, self->outer, 0);
  if (self->output >= 0)
    (void) fcntl (self->output, F_SETFL, O_NONBLOCK);
  return TRUE;
}

/* Holds the program until its socket exists. */
static gboolean
start (TerraneSession *self)
{
  if (self->kind != TERRANE_SANDBOX_BUBBLEWRAP)
    return start_process_outside (self);
  TerraneBwrapStatus status = { 0 };
  if (!oci_process_start (self->process, &self->output, &self->outer, &self->error))
    {
      if (!g_error_matches (self->error, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return self->process->prepare != NULL && throw_not_prepared (self);
      g_clear_error (&self->error);
      return terrane_bwrap_throw_missing (&self->error);
    }
  self->pidfd = (int) syscall (SYS_pidfd_open, self->outer, 0);
  /* Until this process has closed its own ends, the status has no end. */
  terrane_bwrap_close_fds ((TerraneBwrap *) self->bwrap);
  while (self->status >= 0 && status.child == 0)
    {
      take_status (self);
      terrane_bwrap_parse_status (self->status_text->str, self->status_text->len, &status);
    }
  self->init = status.child;
  if (self->init > 1)
    self->init_pidfd = (int) syscall (SYS_pidfd_open, self->init, 0);
  if (self->output >= 0)
    (void) fcntl (self->output, F_SETFL, O_NONBLOCK);
  if (self->pidfd < 0 || self->init_pidfd < 0)
    return throw_failure (self);
  enter_cgroup (self);
  uint64_t limit = self->cgroup == NULL ? self->options.memory_bytes : 0;
  terrane_memory_watch_init (&self->watch, self->init, limit, self->options.limit_only);
  if (self->options.port != 0
      && !terrane_inlet_open (self->init, self->options.port, &self->listener, &self->error))
    {
      struct pollfd end = { .fd = self->pidfd, .events = POLLIN };
      if (poll (&end, 1, 100) != 1) /* otherwise the sandbox failed, and that message is better */
        {
          kill_all (self);
          return FALSE;
        }
      g_clear_error (&self->error);
      return throw_failure (self);
    }
  return TRUE;
}

static gpointer
run_thread (gpointer data)
{
  TerraneSession *self = data;
  gboolean ok = start (self);
  g_mutex_lock (&self->mutex);
  self->started = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  if (ok)
    while (!wait_for_event (self))
      serve_requests (self);
  take_left_output (self);
  if (self->outer > 0)
    reap (self);
  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  if (ok && self->options.ended != NULL)
    self->options.ended (&self->end, self->options.ended_data);
  return NULL;
}

static TerraneSession *
session_new (const TerraneSessionOptions *options)
{
  TerraneSession *self = g_new0 (TerraneSession, 1);
  self->options = *options;
  self->output = self->status = self->report = self->pidfd = self->init_pidfd = -1;
  self->release = self->life = self->listener = -1;
  self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  oci_capture_init (&self->head, MAX_HEAD_BYTES, 0);
  self->status_text = g_string_new (NULL);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  return self;
}

static gboolean
start_thread (TerraneSession *self, const OciProcess *process, GError **error)
{
  (void) prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* inherits a killed bubblewrap's child */
  self->process = process;
  self->thread = oci_thread_start ("sandbox", run_thread, self, error);
  g_mutex_lock (&self->mutex);
  while (self->thread != NULL && !self->started)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
  self->bwrap = NULL;
  self->process = NULL;
  self->options.stdio = NULL;
  self->options.files = NULL;
  if (self->thread != NULL && self->error == NULL)
    return TRUE;
  if (self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

static gboolean
start_outside (TerraneSession *self, const TerraneSandbox *sandbox, const char *const *argv,
               OciFd *out_listener, GError **error)
{
  const TerraneSessionOptions *options = &self->options;
  const TerraneOutsideOptions outside = { .files = options->files,
                                          .memory_bytes = options->memory_bytes,
                                          .interactive = options->stdio != NULL,
                                          .terminal = options->terminal,
                                          .port = options->port,
                                          .port_variable = options->port_variable };
  OciProcess process = { .stdio = options->stdio, .terminal = options->terminal };
  if (!terrane_outside_init (&self->outside, sandbox, argv, &outside, error))
    return FALSE;
  TerraneBare *bare = self->outside.bare;
  if (bare != NULL)
    {
      self->report = oci_fd_steal (&bare->report);
      self->release = oci_fd_steal (&bare->release);
      self->life = oci_fd_steal (&bare->life);
    }
  terrane_outside_to_process (&self->outside, &process);
  if (!start_thread (self, &process, error))
    return FALSE;
  if (bare != NULL && out_listener != NULL)
    *out_listener = oci_fd_steal (&bare->listener);
  if (bare != NULL && options->out_init != NULL)
    *options->out_init = self->init;
  return TRUE;
}

TerraneSession *
terrane_session_start_once (const TerraneSandbox *sandbox, const char *const *argv,
                            const TerraneSessionOptions *options, gboolean *out_assumed,
                            OciFd *out_listener, GError **error)
{
  g_autoptr (TerraneSession) self = session_new (options);
  g_auto (TerraneBwrap) bwrap;
  g_auto (TerraneMounts) mounts = { 0 };
  terrane_bwrap_init (&bwrap);
  self->kind = sandbox->kind;
  if (sandbox->kind != TERRANE_SANDBOX_BUBBLEWRAP)
    return start_outside (self, sandbox, argv, out_listener, error) ? g_steal_pointer (&self)
                                                                    : NULL;
  if (!terrane_mounts_init (&mounts, sandbox, options->files, out_assumed, error)
      || !terrane_bwrap_add_sandbox (&bwrap, sandbox, &mounts, options->terminal, error)
      || !terrane_bwrap_add_channels (&bwrap, &self->status, &self->release, &self->life, error)
      || !terrane_bwrap_add_files (&bwrap, error) || !terrane_bwrap_finish (&bwrap, argv, error))
    return NULL;
  self->report = oci_fd_steal (&bwrap.report);
  OciProcess process = { .argv = (const char *const *) bwrap.argv.words->pdata,
                         .env = (const char *const[]){ NULL },
                         .fds = bwrap.fds,
                         .n_fds = bwrap.n_fds,
                         .stdio = options->stdio,
                         .terminal = options->terminal,
                         .ends_itself = TRUE,
                         .prepare =
                             terrane_mounts_are_needed (&mounts) ? terrane_mounts_prepare : NULL,
                         .prepare_data = &mounts };
  self->bwrap = &bwrap;
  gboolean ok = start_thread (self, &process, error);
  if (out_assumed != NULL)
    *out_assumed = *out_assumed && (ok || self->not_prepared);
  if (!ok)
    return NULL;
  if (out_listener != NULL)
    *out_listener = oci_fd_steal (&self->listener);
  if (options->out_init != NULL)
    *options->out_init = self->init;
  return g_steal_pointer (&self);
}

void
terrane_session_release (TerraneSession *self)
{
  if (self->release >= 0)
    (void) !write (self->release, "", 1); /* fails only if the sandbox is gone */
  oci_fd_close (oci_fd_steal (&self->release));
}

void
terrane_session_free (TerraneSession *self)
{
  if (self == NULL)
    return;
  if (self->thread != NULL)
    {
      terrane_session_kill (self);
      (void) g_thread_join (self->thread);
    }
  terrane_cgroup_free (self->cgroup);
  terrane_outside_clear (&self->outside);
  g_clear_error (&self->error);
  oci_capture_clear (&self->head);
  g_string_free (self->status_text, TRUE);
  oci_fd_close (self->output);
  oci_fd_close (self->status);
  oci_fd_close (self->report);
  oci_fd_close (self->pidfd);
  oci_fd_close (self->init_pidfd);
  oci_fd_close (self->release);
  oci_fd_close (self->life);
  oci_fd_close (self->listener);
  oci_fd_close (self->wake);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* Immediate, even if the session's thread is busy with the program. */
void
terrane_session_kill (TerraneSession *self)
{
  g_mutex_lock (&self->mutex);
  self->kill = TRUE;
  g_mutex_unlock (&self->mutex);
  kill_inside (self);
  wake_up (self);
}

void
terrane_session_stop (TerraneSession *self)
{
  g_mutex_lock (&self->mutex);
  self->stop = TRUE;
  g_mutex_unlock (&self->mutex);
  wake_up (self);
}

void
terrane_session_flush (TerraneSession *self)
{
  g_mutex_lock (&self->mutex);
  guint wanted = ++self->flush_wanted;
  wake_up (self);
  while (!self->ended && (gint) (self->flush_done - wanted) < 0)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

void
terrane_session_wait (TerraneSession *self, TerraneSessionEnd *out_end)
{
  g_mutex_lock (&self->mutex);
  while (!self->ended)
    g_cond_wait (&self->changed, &self->mutex);
  g_mutex_unlock (&self->mutex);
  *out_end = self->end;
}

gboolean
terrane_session_socket (TerraneSession *self, OciFd *out_fd, GError **error)
{
  return terrane_inlet_socket (self->kind == TERRANE_SANDBOX_NONE ? 0 : self->init, out_fd, error);
}

gboolean
terrane_session_wait_until (TerraneSession *self, gint64 deadline)
{
  g_mutex_lock (&self->mutex);
  while (!self->ended && g_cond_wait_until (&self->changed, &self->mutex, deadline))
    ;
  gboolean ended = self->ended;
  g_mutex_unlock (&self->mutex);
  return ended;
}

uint64_t
terrane_session_peak_bytes (TerraneSession *self)
{
  g_mutex_lock (&self->mutex);
  uint64_t peak = self->peak_bytes;
  g_mutex_unlock (&self->mutex);
  return peak;
}
