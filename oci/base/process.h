/* Runs a child process and measures it: captured output, how it ended, time and memory used. */
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

/** Asks the program at the deadline to end in its own way, before it is killed. Returns: %FALSE if
 * there is no such way */
typedef gboolean (*OciProcessStopFunc) (gpointer data);

/** Runs in the child before the program is executed; may only use async-signal-safe functions.
 * Returns: (transfer none) (nullable): what failed, a static string; errno has the reason */
typedef const char *(*OciProcessPrepareFunc) (gpointer data);

typedef struct
{
  const char *const *argv; /* program and arguments; the program is searched for in PATH */
  const char *const *env;  /* (nullable): exact environment, "NAME=VALUE" strings; %NULL passes on
                              this process's environment, which only programs of the host may get */
  const OciProcessFd *fds; /* descriptors besides 0 (/dev/null), 1 and 2 (captured) */
  size_t n_fds;
  uint64_t deadline_ms; /* its process group is killed after this many milliseconds; 0 for never */
  OciProcessStopFunc stop; /* (nullable): tried first, a second before the deadline */
  gpointer stop_data;
  const int *stdio;  /* (nullable): three descriptors to use for 0, 1 and 2 instead */
  gboolean terminal; /* stdio[0] is a terminal and becomes the controlling one of a new session */
  OciProcessPrepareFunc prepare; /* (nullable) */
  gpointer prepare_data;
  const char *program;  /* (nullable): path of the file to execute, instead of argv[0] */
  gboolean ends_itself; /* the program notices when this process dies; otherwise the kernel kills it
                           then, at any moment */
  /* Only for oci_process_run_full(): */
  const char *input;   /* (nullable): text for its standard input, which may be secret */
  size_t max_output;   /* standard output is captured separately, and the program is killed when it
                          exceeds this many bytes; 0: 1 and 2 are captured together, with the middle
                          omitted */
  gboolean foreground; /* stays in this process's group and can therefore read from its terminal */
} OciProcess;

typedef struct
{
  gboolean timed_out; /* killed at the deadline */
  int exit_code;      /* -1 when a signal ended it */
  int signal;         /* 0 when it exited */
  uint64_t wall_usecs;
  uint64_t cpu_usecs;      /* user and system time, including descendants that it waited for */
  uint64_t peak_rss_bytes; /* of the largest single process among it and those descendants; at least
                              what this process had in memory when it forked */
  uint64_t read_bytes;     /* from storage, by all of them */
  uint64_t major_faults;   /* of all of them: pages that had to be read first */
  char *output; /* stdout and stderr as valid UTF-8, with the middle omitted beyond 256 KiB. With
                   max_output: stdout only, unchanged, with a NUL appended */
  size_t output_size;
  char *messages; /* (nullable): with max_output, the start of stderr */
} OciProcessResult;

/** Frees the result after overwriting the captured output. */
void oci_process_result_clear (OciProcessResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciProcessResult, oci_process_result_clear)

/**
 * oci_process_start:
 * @out_output: (out): where its output can be read, or -1 if @self has stdio
 * @out_child: (out): the caller must wait for it
 *
 * Starts the process without waiting; deadline and stop function are ignored. %OCI_ERROR_NOT_FOUND
 * always means that the program does not exist.
 *
 * Errors: %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO.
 */
gboolean oci_process_start (const OciProcess *self, OciFd *out_output, pid_t *out_child,
                            GError **error);

/**
 * oci_process_run_full:
 * @cancellable: (nullable): kills the process at once
 * @out_result: (out caller-allocates): to be cleared by the caller, also after a failure
 *
 * Runs the process and waits for its end, but not for descendants that outlive it and still hold
 * its output. It inherits only the listed descriptors, and dies with the thread that called this.
 * How the program ended is in the result and not an error.
 *
 * Errors: %OCI_ERROR_NOT_FOUND if the program does not exist; %OCI_ERROR_IO if it could not be
 *   started or watched; %OCI_ERROR_CANCELLED; %OCI_ERROR_LIMIT for output beyond max_output.
 */
gboolean oci_process_run_full (const OciProcess *self, GCancellable *cancellable,
                               OciProcessResult *out_result, GError **error);

/** Like oci_process_run_full() with this process's environment, which only programs of the host may
 * get. Errors: %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
gboolean oci_process_run (const char *const *argv, const OciProcessFd *fds, size_t n_fds,
                          uint64_t deadline_ms, OciProcessResult *out_result, GError **error);

G_END_DECLS
