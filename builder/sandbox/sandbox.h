/* The image's file system as Lambda would run it, by bubblewrap: read-only root, tmpfs /tmp, no
 * network, an unprivileged user without capabilities, the image's own environment. Needs no root
 * and no subuid range; as root it is the same, in a user namespace of its own. */
#pragma once

#include "builder/sandbox/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* How a program in the sandbox ended, and what it cost. */
typedef struct
{
  gboolean timed_out;     /* killed at the deadline */
  gboolean out_of_memory; /* killed for more than the sandbox's memory */
  int exit_code;          /* -1 when a signal ended it */
  int signal;             /* 0 when it exited */
  uint64_t wall_usecs;
  uint64_t cpu_usecs;      /* user and system, of the program and what it started */
  uint64_t peak_rss_bytes; /* of the largest single process among those */
  uint64_t read_bytes;     /* from storage, by all of them */
  uint64_t major_faults;   /* of all of them: pages that had to be read first */
  const char *sandbox;     /* (nullable): what kept it in, as terrane_sandbox_kind_name() has it */
  const char *memory_method; /* (nullable): see TerraneSessionEnd */
  char *output;              /* stdout and stderr as they came, UTF-8 made valid; the middle of more
                                than 256 KiB is left out */
} TerraneProcessResult;

void terrane_process_result_clear (TerraneProcessResult *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProcessResult, terrane_process_result_clear)

/**
 * terrane_sandbox_run:
 * @argv: program, an absolute path inside the root, and its arguments
 * @files: (nullable): up to 16 extra files, ended by one without a name
 * @deadline_ms: everything inside is killed after so many milliseconds; 0 for none
 * @cancellable: (nullable): kills everything inside at once
 * @out_result: (out caller-allocates): cleared by the caller, also after a failure
 *
 * The program runs as the owner of what the caller owns, under another number: permissions that
 * Lambda's user would lack are not noticed here.
 *
 * The result is about the program and what it started, without bubblewrap: peak memory is that of
 * the largest single process. They are 0 when everything had to be killed at once, but for the peak
 * memory after too much of that, which is what was seen of all processes together. A program that
 * could not be executed has exit code 127 and the reason as output.
 *
 * Makes this process the reaper of orphaned descendants (PR_SET_CHILD_SUBREAPER).
 *
 * Returns: FALSE when the sandbox itself could not be made: bubblewrap is missing
 *   (%OCI_ERROR_NOT_FOUND), a directory it needs is, or the host forbids user namespaces, in which
 *   case the message says what forbids them and how to allow them
 */
gboolean terrane_sandbox_run (const TerraneSandbox *self, const char *const *argv,
                              const TerraneSandboxFile *files, uint64_t deadline_ms,
                              GCancellable *cancellable, TerraneProcessResult *out_result,
                              GError **error);

/** What programs share with this machine in it; docs/sandbox.md has the words. Returns: (transfer
 * none) (nullable): NULL where they are kept in */
const char *const *terrane_sandbox_unconfined (TerraneSandboxKind kind);

G_END_DECLS
