/* The command line of bubblewrap for a sandbox, and what it reports about it. */
#pragma once

#include "builder/sandbox/argv.h"
#include "builder/sandbox/init/report.h"
#include "builder/sandbox/mounts.h"
#include "builder/sandbox/spec.h"

#include "oci/base/process.h"

G_BEGIN_DECLS

enum
{
  TERRANE_BWRAP_STATUS_FD = 3, /* --json-status-fd */
  TERRANE_BWRAP_BLOCK_FD = 4,  /* --block-fd */
  TERRANE_BWRAP_SECCOMP_FD = 5,
  TERRANE_BWRAP_MAX_FILES = 16,
  TERRANE_BWRAP_MAX_FDS = 16 + TERRANE_BWRAP_MAX_FILES,
};

typedef struct
{
  TerraneArgv options;           /* in a file in memory: a command line can be read by everybody */
  TerraneArgv argv;              /* what remains, from finish() on */
  const TerraneSandbox *sandbox; /* from add_sandbox() to finish() */
  const TerraneMounts *mounts;   /* the same */
  OciProcessFd fds[TERRANE_BWRAP_MAX_FDS];
  size_t n_fds;
  OciFd report; /* what process 1 writes a TerraneInitReport to */
} TerraneBwrap;

void terrane_bwrap_init (TerraneBwrap *self);
/** Closes the descriptors, too. */
void terrane_bwrap_clear (TerraneBwrap *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneBwrap, terrane_bwrap_clear)

/**
 * terrane_bwrap_add_sandbox:
 * @mounts: what is there before bubblewrap starts
 * @terminal: the program keeps the terminal that it is started with
 *
 * Namespaces, file system and environment. Fails when the root lacks a directory that is needed.
 */
gboolean terrane_bwrap_add_sandbox (TerraneBwrap *self, const TerraneSandbox *sandbox,
                                    const TerraneMounts *mounts, gboolean terminal, GError **error);

/** Those of the mounts. */
gboolean terrane_bwrap_add_files (TerraneBwrap *self, GError **error);

/** Hands @fd, which is taken, over as argument of an @option such as "--block-fd". */
void terrane_bwrap_add_fd (TerraneBwrap *self, const char *option, int fd, int child_fd);

/**
 * terrane_bwrap_add_channels:
 * @out_status: (out): where bubblewrap's status is read
 * @out_release: (out): a byte here lets process 1 start
 * @out_life: (out): the sandbox ends when the last copy of this is closed
 */
gboolean terrane_bwrap_add_channels (TerraneBwrap *self, OciFd *out_status, OciFd *out_release,
                                     OciFd *out_life, GError **error);

/** Ends the options; the program to run follows, below a process 1 of ours. */
gboolean terrane_bwrap_finish (TerraneBwrap *self, const char *const *argv, GError **error);

/** Reads what process 1 has written, which is all zero before the program ended. */
void terrane_bwrap_read_report (int fd, TerraneInitReport *out_report);

/** Closes the descriptors that were handed over, once bubblewrap runs. */
void terrane_bwrap_close_fds (TerraneBwrap *self);

/* bubblewrap writes {"child-pid": …} when it has made process 1 and {"exit-code": …} when that
 * ended. */
typedef struct
{
  pid_t child; /* process 1 of the sandbox, seen from here; 0 when unknown */
  gboolean finished;
} TerraneBwrapStatus;

/** Reads what was written to --json-status-fd so far. */
void terrane_bwrap_parse_status (const char *text, size_t len, TerraneBwrapStatus *out_status);

/** What the sandbox failed with when its program was never executed; @output is bubblewrap's.
 * Returns: FALSE */
gboolean terrane_bwrap_throw_not_made (const char *output, GError **error);

/** The error when there is no bubblewrap. Returns: FALSE */
gboolean terrane_bwrap_throw_missing (GError **error);

G_END_DECLS
