/* A child process that is measured: what it printed, how it ended, what it cost. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/resource.h>

G_BEGIN_DECLS

typedef struct
{
  gboolean timed_out; /* killed at the deadline */
  int exit_code;      /* -1 when a signal ended it */
  int signal;         /* 0 when it exited */
  uint64_t wall_usecs;
  uint64_t cpu_usecs;      /* user and system, descendants that it waited for included */
  uint64_t peak_rss_bytes; /* of the largest single process among it and those descendants; not less
                              than what this process had in memory when it forked */
  char *output;            /* stdout and stderr as they came, UTF-8 made valid; the middle of more
                              than 256 KiB is left out */
} TerraneProcessResult;

/** Fills in what a wait4() reported. */
void terrane_process_result_set_usage (TerraneProcessResult *self, const struct rusage *usage);

void terrane_process_result_clear (TerraneProcessResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProcessResult, terrane_process_result_clear)

/* A descriptor that the child gets under another number. */
typedef struct
{
  int fd;
  int child_fd;
} TerraneProcessFd;

/**
 * terrane_process_run:
 * @argv: program and arguments; the program is looked for in PATH
 * @fds: descriptors to hand over besides 0 (/dev/null), 1 and 2 (captured)
 * @deadline_ms: the process is killed after so many milliseconds; 0 for no deadline
 * @out_result: (out caller-allocates): cleared by the caller
 *
 * The child dies with this process. Returns FALSE only when it could not be started or watched; how
 * it ended is in the result.
 */
gboolean terrane_process_run (const char *const *argv, const TerraneProcessFd *fds, size_t n_fds,
                              uint64_t deadline_ms, TerraneProcessResult *out_result,
                              GError **error);

G_END_DECLS
