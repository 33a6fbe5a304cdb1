/* How the program of a session ended, according to the kernel, process 1 or podman. */
#pragma once

#include "builder/sandbox/init/report.h"
#include "builder/sandbox/spec.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean made; /* the sandbox was made; otherwise the output is bubblewrap's */
  gboolean
      executed; /* the program was executed; otherwise the image's entrypoint is not a program */
  gboolean out_of_memory;      /* killed for exceeding memory_bytes */
  gboolean too_many_processes; /* or threads: killed for exceeding their limit */
  gboolean unwatched;          /* killed because this process could not sample its memory */
  int exec_errno;              /* why it was not executed, if known; else 0 */
  int exit_code;               /* -1 when a signal ended it */
  int signal;                  /* 0 when it exited */
  uint64_t cpu_usecs;          /* of the program and its descendants; 0 if everything was killed */
  const char *memory_method;   /* what limits the memory: "cgroup", "sampled", "podman" or "none" */
  uint64_t peak_process_bytes; /* of the largest single process among those */
  uint64_t read_bytes;         /* of all of those, from storage */
  uint64_t major_faults;       /* of all of those: pages that had to be read first */
} TerraneSessionEnd;

/** Sets the members from a report. @status: bubblewrap's, as returned by wait(); if everything was
 * @killed with process 1, there is no report. */
void terrane_session_end_take_report (TerraneSessionEnd *self, const TerraneInitReport *report,
                                      int status, gboolean killed);

/** Sets the members without bubblewrap. podman exits with 128 + N for signals, and with codes of
 * its own if it could not run the program. */
void terrane_session_end_take_status (TerraneSessionEnd *self, TerraneSandboxKind kind, int status,
                                      gboolean killed);

G_END_DECLS
