/* Builds the command line of bubblewrap for a sandbox, and reads its reports. */
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
  TerraneArgv options; /* passed in a file in memory, since any user can read a command line */
  TerraneArgv argv;    /* the remaining words, set by finish() */
  const TerraneSandbox *sandbox; /* set from add_sandbox() to finish() */
  const TerraneMounts *mounts;   /* likewise */
  OciProcessFd fds[TERRANE_BWRAP_MAX_FDS];
  size_t n_fds;
  OciFd report; /* process 1 writes a TerraneInitReport to it */
} TerraneBwrap;

/** Makes an empty command line. */
void terrane_bwrap_init (TerraneBwrap *self);
/** Frees it and closes the descriptors. */
void terrane_bwrap_clear (TerraneBwrap *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneBwrap, terrane_bwrap_clear)

/**
 * terrane_bwrap_add_sandbox:
 * @mounts: prepared before bubblewrap starts
 * @terminal: the program keeps the terminal that it is started with
 *
 * Adds namespaces, file system and environment. Fails if the root lacks a directory that is needed.
 *
 * Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO.
 */
gboolean terrane_bwrap_add_sandbox (TerraneBwrap *self, const TerraneSandbox *sandbox,
                                    const TerraneMounts *mounts, gboolean terminal, GError **error);

/** Adds the files of the mounts. Errors: %OCI_ERROR_IO. */
gboolean terrane_bwrap_add_files (TerraneBwrap *self, GError **error);

/** Passes @fd, which is taken over, as argument of an @option such as "--block-fd". */
void terrane_bwrap_add_fd (TerraneBwrap *self, const char *option, int fd, int child_fd);

/**
 * terrane_bwrap_add_channels:
 * @out_status: (out): to read bubblewrap's status
 * @out_release: (out): writing a byte lets process 1 start
 * @out_life: (out): the sandbox ends when the last copy of this is closed
 *
 * Adds channels to the sandbox.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_bwrap_add_channels (TerraneBwrap *self, OciFd *out_status, OciFd *out_release,
                                     OciFd *out_life, GError **error);

/** Ends the options; adds process 1 and the program that it runs. Errors: %OCI_ERROR_IO. */
gboolean terrane_bwrap_finish (TerraneBwrap *self, const char *const *argv, GError **error);

/** Reads the report of process 1, which is all zero until the program ends. */
void terrane_bwrap_read_report (int fd, TerraneInitReport *out_report);

/** Closes the descriptors that were passed on, once bubblewrap runs. */
void terrane_bwrap_close_fds (TerraneBwrap *self);

/* bubblewrap writes {"child-pid": …} when it has made process 1, and {"exit-code": …} when that has
 * ended. */
typedef struct
{
  pid_t child; /* process 1 of the sandbox, as seen from here; 0 if unknown */
  gboolean finished;
} TerraneBwrapStatus;

/** Reads what was written to --json-status-fd so far. */
void terrane_bwrap_parse_status (const char *text, size_t len, TerraneBwrapStatus *out_status);

/** Sets %OCI_ERROR_IO for a sandbox whose program was never executed; @output is bubblewrap's.
 * Returns: always %FALSE */
gboolean terrane_bwrap_throw_not_made (const char *output, GError **error);

/** Sets %OCI_ERROR_NOT_FOUND for a missing bubblewrap. Returns: always %FALSE */
gboolean terrane_bwrap_throw_missing (GError **error);

G_END_DECLS
