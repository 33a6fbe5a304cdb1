#include "builder/sandbox/session-end.h"

#include <signal.h>
#include <sys/wait.h>

enum
{
  EXIT_SIGNAL = 128, /* as shells have it */
  EXIT_CANNOT_EXECUTE = 127,
  EXIT_PODMAN = 125, /* podman's own failure */
};

void
terrane_session_end_judge (TerraneSessionEnd *end, const TerraneInitReport *report, int status,
                           gboolean killed)
{
  gboolean ended = report->ended != 0;
  end->made = ended || report->exec_errno != 0 || killed;
  end->executed = report->exec_errno == 0 && end->made;
  end->cpu_usecs = report->cpu_usecs;
  end->peak_process_bytes = report->peak_bytes;
  end->read_bytes = report->read_bytes;
  end->major_faults = report->major_faults;
  if (ended)
    status = report->status;
  else if (killed)
    status = SIGKILL; /* a status of wait() */
  end->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  end->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

/* podman has 128 + N for signals, and codes of its own when it could not run the program. */
void
terrane_session_end_judge_elsewhere (TerraneSessionEnd *end, TerraneSandboxKind kind, int status,
                                     gboolean killed)
{
  gboolean podman = kind == TERRANE_SANDBOX_PODMAN;
  int code = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
  end->made = killed || !podman || code != EXIT_PODMAN;
  end->executed =
      end->made && code != EXIT_CANNOT_EXECUTE && (!podman || code != EXIT_CANNOT_EXECUTE - 1);
  end->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
  if (podman && code > EXIT_SIGNAL && code <= EXIT_SIGNAL + SIGRTMAX)
    end->signal = code - EXIT_SIGNAL;
  end->exit_code = end->signal != 0 ? -1 : code;
}
