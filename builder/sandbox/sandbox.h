/* Runs programs in an image's file system as Lambda would, with bubblewrap: read-only root, tmpfs
 * /tmp, no network, an unprivileged user without capabilities, the image's own environment. Needs
 * neither root nor a subuid range; for root it is the same, in a user namespace of its own. */
#pragma once

#include "builder/sandbox/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* How a program in the sandbox ended, and its resource usage. */
typedef struct
{
  gboolean timed_out;     /* killed at the deadline */
  gboolean out_of_memory; /* killed for exceeding the sandbox's memory */
  int exit_code;          /* -1 when a signal ended it */
  int signal;             /* 0 when it exited */
  uint64_t wall_usecs;
  uint64_t cpu_usecs;        /* user and system time, of the program and its descendants */
  uint64_t peak_rss_bytes;   /* of the largest single process among those */
  uint64_t read_bytes;       /* from storage, by all of them */
  uint64_t major_faults;     /* of all of them: pages that had to be read first */
  const char *sandbox;       /* (nullable): the kind of sandbox, from terrane_sandbox_kind_name() */
  const char *memory_method; /* (nullable): see TerraneSessionEnd */
  char *output; /* stdout and stderr as valid UTF-8, with the middle omitted beyond 256 KiB */
} TerraneProcessResult;

void terrane_process_result_clear (TerraneProcessResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProcessResult, terrane_process_result_clear)

/**
 * terrane_sandbox_run:
 * @argv: program, an absolute path inside the root, and its arguments
 * @files: (nullable): up to 16 extra files, ended by one without a name
 * @deadline_ms: everything inside is killed after this many milliseconds; 0 for none
 * @cancellable: (nullable): kills everything inside at once
 * @out_result: (out caller-allocates): to be cleared by the caller, also after a failure
 *
 * The program runs as the owner of the caller's files, under another uid: permissions that Lambda's
 * user would lack are not noticed.
 *
 * The result is about the program and its descendants, without bubblewrap: peak memory is that of
 * the largest single process. The values are 0 if everything had to be killed at once, except for
 * the peak memory if that was the reason, which is then the largest sample of all processes
 * together. A program that could not be executed has exit code 127 and the reason as output.
 *
 * Makes this process the reaper of orphaned descendants (PR_SET_CHILD_SUBREAPER).
 *
 * Errors: if the sandbox itself could not be made: %OCI_ERROR_NOT_FOUND (bubblewrap),
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO (a directory is missing, or the host forbids user
 *   namespaces; the message says how to allow them), %OCI_ERROR_LIMIT, %OCI_ERROR_USAGE, codes of
 *   %G_FILE_ERROR; %OCI_ERROR_CANCELLED.
 */
gboolean terrane_sandbox_run (const TerraneSandbox *self, const char *const *argv,
                              const TerraneSandboxFile *files, uint64_t deadline_ms,
                              GCancellable *cancellable, TerraneProcessResult *out_result,
                              GError **error);

/** Returns: (transfer none) (nullable): what programs in it share with this machine, in words of
 * docs/sandbox.md; NULL if they are contained */
const char *const *terrane_sandbox_unconfined (TerraneSandboxKind kind);

G_END_DECLS
