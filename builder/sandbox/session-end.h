/* How the program of a session ended, from what the kernel, process 1 or podman says. */
#pragma once

#include "builder/sandbox/init/report.h"
#include "builder/sandbox/spec.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean made;               /* the sandbox was; else the output is bubblewrap's */
  gboolean executed;           /* the program was; else the image's entrypoint is not a program */
  gboolean out_of_memory;      /* killed for more than memory_bytes */
  gboolean too_many_processes; /* or threads: killed for them */
  gboolean unwatched;          /* killed because this process could not look at its memory */
  int exec_errno;              /* why it was not executed, where that is known; else 0 */
  int exit_code;               /* -1 when a signal ended it */
  int signal;                  /* 0 when it exited */
  uint64_t cpu_usecs;        /* of the program and what it started; 0 when everything was killed */
  const char *memory_method; /* what limits the memory: "cgroup", "sampled", "podman" or "none" */
  uint64_t peak_process_bytes; /* of the largest single process among those */
  uint64_t read_bytes;         /* of all of those, from storage */
  uint64_t major_faults;       /* of all of those: pages that had to be read first */
} TerraneSessionEnd;

/** @status: bubblewrap's, as wait() has it; what was @killed with process 1 has no report. */
void terrane_session_end_take_report (TerraneSessionEnd *self, const TerraneInitReport *report,
                                      int status, gboolean killed);

/** Without bubblewrap. podman has 128 + N for signals, and codes of its own when it could not run
 * the program. */
void terrane_session_end_take_status (TerraneSessionEnd *self, TerraneSandboxKind kind, int status,
                                      gboolean killed);

G_END_DECLS
