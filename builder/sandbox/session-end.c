#include "builder/sandbox/session-end.h"

#include <signal.h>
#include <sys/wait.h>

enum
{
  EXIT_PODMAN = 125, /* podman's own failure */
  EXIT_CANNOT_EXECUTE = 127,
  EXIT_SIGNAL = 128,
};

void
terrane_session_end_take_report (TerraneSessionEnd *self, const TerraneInitReport *report,
                                 int status, gboolean killed)
{
  gboolean ended = report->ended != 0;
  self->made = ended || report->exec_errno != 0 || killed;
  self->executed = report->exec_errno == 0 && self->made;
  self->exec_errno = report->exec_errno;
  self->cpu_usecs = report->cpu_usecs;
  self->peak_process_bytes = report->peak_bytes;
  self->read_bytes = report->read_bytes;
  self->major_faults = report->major_faults;
  if (ended)
    status = report->status;
  else if (killed)
    status = SIGKILL; /* a status of wait() */
  self->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  self->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

void
terrane_session_end_take_status (TerraneSessionEnd *self, TerraneSandboxKind kind, int status,
                                 gboolean killed)
{
  gboolean podman = kind == TERRANE_SANDBOX_PODMAN;
  int code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  self->made = killed || !podman || code != EXIT_PODMAN;
  self->executed =
      self->made && code != EXIT_CANNOT_EXECUTE && (!podman || code != EXIT_CANNOT_EXECUTE - 1);
  self->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  if (podman && code > EXIT_SIGNAL && code <= EXIT_SIGNAL + SIGRTMAX)
    self->signal = code - EXIT_SIGNAL;
  self->exit_code = self->signal != 0 ? -1 : code;
}
