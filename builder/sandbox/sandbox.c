#include "builder/sandbox/sandbox.h"

#include "builder/sandbox/bwrap.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  MAX_STATUS_BYTES = 16 * 1024,
  EXIT_CANNOT_EXECUTE = 127, /* as shells have it */
  EXIT_SIGNAL = 128, /* bubblewrap's exit code for a program that a signal ended, less that */
};

static gboolean
read_number (int proc_sys, const char *path, uint64_t *out_value)
{
  char text[32] = "";
  g_auto (OciFd) fd = openat (proc_sys, path, O_RDONLY | O_CLOEXEC);
  size_t got = 0;
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return FALSE;
  return g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXUINT64, out_value, NULL);
}

char *
terrane_sandbox_explain (int proc_sys)
{
  uint64_t value = 0;
  if (read_number (proc_sys, "kernel/apparmor_restrict_unprivileged_userns", &value) && value == 1)
    return g_strdup (
        "AppArmor forbids unprivileged user namespaces on this host; allow them with 'sudo "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0', or to bubblewrap alone "
        "with an AppArmor profile such as bwrap-userns-restrict");
  if (read_number (proc_sys, "kernel/unprivileged_userns_clone", &value) && value == 0)
    return g_strdup ("this kernel forbids unprivileged user namespaces; allow them with 'sudo "
                     "sysctl kernel.unprivileged_userns_clone=1'");
  if (read_number (proc_sys, "user/max_user_namespaces", &value) && value == 0)
    return g_strdup ("user namespaces are switched off; allow them with 'sudo sysctl "
                     "user.max_user_namespaces=15000'");
  return g_strdup ("the host does not let this process make user namespaces; inside a container, "
                   "start that with '--security-opt seccomp=unconfined --security-opt "
                   "apparmor=unconfined' (docker) or '--privileged'");
}

static void
read_status (int status_fd, TerraneBwrapStatus *out)
{
  char text[MAX_STATUS_BYTES];
  /* Not read(): the offset is the one that bubblewrap writes at. */
  ssize_t n = pread (status_fd, text, sizeof text, 0);
  terrane_bwrap_parse_status (text, n > 0 ? (size_t) n : 0, out);
}

/* bubblewrap's outer process exits without waiting for process 1, so what that one used is not in
 * its own account. As a subreaper we inherit process 1 and wait for it ourselves: its account has
 * the program's, which it waited for, and not the memory of this process, which a child counts as
 * its own until it executes something. */
static void
collect_usage (pid_t child, TerraneProcessResult *result)
{
  struct rusage usage;
  pid_t reaped;
  if (child <= 1)
    return;
  do
    reaped = wait4 (child, NULL, 0, &usage);
  while (reaped < 0 && errno == EINTR);
  if (reaped == child)
    terrane_process_result_set_usage (result, &usage);
}

/* Kills the children of process 1 and not the namespace, which would lose their account. */
static gboolean
stop_program (gpointer data)
{
  TerraneBwrapStatus status;
  char text[256] = "";
  size_t got = 0;
  gboolean killed = FALSE;
  read_status (*(const int *) data, &status);
  if (status.child <= 1)
    return FALSE;
  g_autofree char *path =
      g_strdup_printf ("/proc/%d/task/%d/children", (int) status.child, (int) status.child);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return FALSE;
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  for (char **word = words; *word != NULL; word++)
    {
      uint64_t pid = 0;
      if (oci_parse_u64 (*word, G_MAXINT, &pid, NULL) && pid > 1)
        killed = kill ((pid_t) pid, SIGKILL) == 0 || killed;
    }
  return killed;
}

/* Without an end of the program in its status, bubblewrap failed before or at executing it; only
 * then is the output its own. What cannot be executed is the image's fault, not the host's. */
static gboolean
judge (const TerraneBwrapStatus *status, TerraneProcessResult *result, GError **error)
{
  if (result->timed_out)
    {
      result->exit_code = -1; /* of the program; bubblewrap may have reported its end by an exit */
      result->signal = SIGKILL;
    }
  if (result->signal != 0)
    return TRUE;
  if (!status->finished && !terrane_bwrap_cannot_execute (result->output))
    return terrane_bwrap_throw_not_made (result->output, error);
  if (!status->finished)
    result->exit_code = EXIT_CANNOT_EXECUTE;
  else if (result->exit_code > EXIT_SIGNAL && result->exit_code <= EXIT_SIGNAL + SIGRTMAX)
    {
      result->signal = result->exit_code - EXIT_SIGNAL;
      result->exit_code = -1;
    }
  return TRUE;
}

static gboolean
run (const TerraneBwrap *bwrap, int status_fd, uint64_t deadline_ms, GCancellable *cancellable,
     TerraneProcessResult *out_result, GError **error)
{
  /* Nothing of ours: the program can read process 1's environment in /proc, and that is
   * bubblewrap's, which --clearenv does not touch. */
  static const char *const no_env[] = { NULL };
  const TerraneProcess process = { .argv = (const char *const *) bwrap->argv->pdata,
                                   .env = no_env,
                                   .fds = bwrap->fds,
                                   .n_fds = bwrap->n_fds,
                                   .deadline_ms = deadline_ms,
                                   .stop = stop_program,
                                   .stop_data = &status_fd };
  TerraneBwrapStatus status;
  g_autoptr (GError) local = NULL;
  (void) prctl (PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* without it the numbers are only coarser */
  gboolean ok = terrane_process_run_full (&process, cancellable, out_result, &local);
  read_status (status_fd, &status);
  collect_usage (status.child, out_result); /* after an interruption too: leaves no zombie */
  if (ok)
    return judge (&status, out_result, error);
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return terrane_bwrap_throw_missing (error);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
terrane_sandbox_run (const TerraneSandbox *self, const char *const *argv,
                     const TerraneSandboxFile *files, uint64_t deadline_ms,
                     GCancellable *cancellable, TerraneProcessResult *out_result, GError **error)
{
  g_auto (TerraneBwrap) bwrap;
  terrane_bwrap_init (&bwrap);
  *out_result = (TerraneProcessResult){ 0 };
  OciFd status = memfd_create ("bwrap-status", MFD_CLOEXEC);
  if (status < 0)
    return oci_throw_errno (error, "creating a file in memory");
  if (!terrane_bwrap_add_sandbox (&bwrap, self, FALSE, error))
    {
      oci_fd_close (status);
      return FALSE;
    }
  terrane_bwrap_add_fd (&bwrap, "--json-status-fd", status, TERRANE_BWRAP_STATUS_FD);
  if (!terrane_bwrap_add_files (&bwrap, files, error))
    return FALSE;
  terrane_bwrap_finish (&bwrap, argv);
  return run (&bwrap, status, deadline_ms, cancellable, out_result, error);
}
