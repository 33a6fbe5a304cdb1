/* A child process that is measured: what it printed, how it ended, what it cost. */
#pragma once

#include "oci/base/fd.h"

#include <gio/gio.h>
#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* A descriptor that the child gets under another number. */
typedef struct
{
  int fd;
  int child_fd; /* 3 to 66 */
} OciProcessFd;

/** Asks a process to end in a way of its own. FALSE when there is none. */
typedef gboolean (*OciProcessStopFunc) (gpointer data);

/** Runs in the child before the program does; may use only what is async-signal-safe. Returns:
 * (nullable): what failed, in static words; errno says why */
typedef const char *(*OciProcessPrepareFunc) (gpointer data);

typedef struct
{
  const char *const *argv; /* program and arguments; the program is looked for in PATH */
  const char *const *env;  /* (nullable): "NAME=VALUE" strings: exactly what it sees; else this
                              process's environment, which only programs of the host may get */
  const OciProcessFd *fds; /* what it gets besides 0 (/dev/null), 1 and 2 (captured) */
  size_t n_fds;
  uint64_t deadline_ms;    /* its process group is killed after so many milliseconds; 0 for never */
  OciProcessStopFunc stop; /* (nullable): tried first at the deadline, a second before that */
  gpointer stop_data;
  const int *stdio;  /* (nullable): three descriptors for 0, 1 and 2 instead */
  gboolean terminal; /* stdio[0] is a terminal and becomes the controlling one of a new session */
  OciProcessPrepareFunc prepare; /* (nullable) */
  gpointer prepare_data;
  const char *program;  /* (nullable): path of what is executed, instead of argv[0] */
  gboolean ends_itself; /* when this process does; else the kernel kills it then, at any moment */
  /* Of oci_process_run_full() alone: */
  const char *input;   /* (nullable): a text for its 0, which may be secret */
  size_t max_output;   /* its 1 is captured for itself, and it is killed when that is more than so
                          many bytes; 0: 1 and 2 come together, with the middle left out */
  gboolean foreground; /* stays in this process's group, and may so read from its terminal */
} OciProcess;

typedef struct
{
  gboolean timed_out; /* killed at the deadline */
  int exit_code;      /* -1 when a signal ended it */
  int signal;         /* 0 when it exited */
  uint64_t wall_usecs;
  uint64_t cpu_usecs;      /* user and system, descendants that it waited for included */
  uint64_t peak_rss_bytes; /* of the largest single process among it and those descendants; not less
                              than what this process had in memory when it forked */
  uint64_t read_bytes;     /* from storage, by all of them */
  uint64_t major_faults;   /* of all of them: pages that had to be read first */
  char *output;            /* stdout and stderr as they came, UTF-8 made valid; the middle of more
                              than 256 KiB is left out. With max_output stdout, with a NUL after it */
  size_t output_size;
  char *messages; /* (nullable): with max_output, the start of stderr */
} OciProcessResult;

/** Overwrites what it printed. */
void oci_process_result_clear (OciProcessResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciProcessResult, oci_process_result_clear)

/**
 * oci_process_start:
 * @out_output: (out): where its output can be read, or -1 when it has stdio of its own
 * @out_child: (out): to be waited for by the caller
 *
 * Only starts it; deadline and stop function are not looked at.
 *
 * Returns: FALSE with %OCI_ERROR_NOT_FOUND only when there is no such program
 */
gboolean oci_process_start (const OciProcess *self, OciFd *out_output, pid_t *out_child,
                            GError **error);

/**
 * oci_process_run_full:
 * @cancellable: (nullable): kills the process at once
 * @out_result: (out caller-allocates): cleared by the caller, also after a failure
 *
 * Runs the process and waits for its end; descendants that outlive it and still hold its output are
 * not waited for. It gets no descriptor of this process but the listed ones, and dies with the
 * thread that called this.
 *
 * Returns: FALSE only when it could not be started or watched (%OCI_ERROR_NOT_FOUND: no such
 *   program), on %OCI_ERROR_CANCELLED and on %OCI_ERROR_LIMIT (max_output); how it ended is in the
 *   result
 */
gboolean oci_process_run_full (const OciProcess *self, GCancellable *cancellable,
                               OciProcessResult *out_result, GError **error);

/** The same with this process's environment, which only programs of the host may get. */
gboolean oci_process_run (const char *const *argv, const OciProcessFd *fds, size_t n_fds,
                          uint64_t deadline_ms, OciProcessResult *out_result, GError **error);

G_END_DECLS
