/* The image's file system as Lambda would run it, by bubblewrap: read-only root, tmpfs /tmp, no
 * network, an unprivileged user without capabilities, the image's own environment. Needs no root
 * and no subuid range; as root it is the same, in a user namespace of its own. */
#pragma once

#include "builder/sandbox/emulator.h"
#include "oci/base/process.h"

#include <sys/types.h>

G_BEGIN_DECLS

enum
{
  /* What Lambda runs functions as, seen in many logs. */
  TERRANE_SANDBOX_UID = 993,
  TERRANE_SANDBOX_GID = 990,
  /* What ran in one that allows more is run again in one that allows less, or sees other things: a
   * change that makes a difference to programs raises it. */
  TERRANE_SANDBOX_VERSION = 3,
  /* Of /tmp: as ext4 has inodes, when mke2fs makes one of 512 MiB or more. */
  TERRANE_SANDBOX_TMP_BYTES_PER_FILE = 16 * 1024,
};

#define TERRANE_SANDBOX_DEFAULT_TMP_BYTES (UINT64_C (512) * 1024 * 1024) /* Lambda's */

/* What keeps the program in. The others are only for who asks for them: docs/sandbox.md has what
 * they lack. */
typedef enum
{
  TERRANE_SANDBOX_BUBBLEWRAP,
  TERRANE_SANDBOX_PODMAN,
  TERRANE_SANDBOX_NONE, /* nothing but another root directory and user */
} TerraneSandboxKind;

/** As "--sandbox" and records have it. */
const char *terrane_sandbox_kind_name (TerraneSandboxKind kind);

/** All of them, until NULL. */
const char *const *terrane_sandbox_kind_names (void);

gboolean terrane_sandbox_kind_parse (const char *text, TerraneSandboxKind *out_kind,
                                     GError **error);

#define TERRANE_SANDBOX_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

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

typedef struct
{
  const char *root;        /* directory with the file system; has /proc, /dev and /tmp */
  const char *const *env;  /* (nullable): "NAME=VALUE" strings: exactly what the program sees, and
                              TERRANE_SANDBOX_DEFAULT_PATH when they have no PATH */
  const char *working_dir; /* (nullable): "/" */
  uint64_t tmp_bytes;      /* size of /tmp; 0 for 512 MiB */
  uint64_t memory_bytes; /* terrane_sandbox_run() alone: everything inside is killed above it; 0 for
                            no limit */
  TerraneSandboxKind kind;         /* which one; only bubblewrap can have a port */
  const TerraneEmulator *emulator; /* (nullable): for an image of another processor; bubblewrap's */
  gboolean writable; /* sessions only: changes of the root are kept in memory, then lost */
} TerraneSandbox;

/* A file that appears read-only at /tmp/terrane/NAME. */
typedef struct
{
  const char *name; /* one path component */
  GBytes *content;
  mode_t mode;
} TerraneSandboxFile;

#define TERRANE_SANDBOX_FILES "/tmp/terrane"

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

/**
 * terrane_sandbox_explain:
 * @proc_sys: directory descriptor of /proc/sys, or of something like it in tests
 *
 * Why this host does not let bubblewrap make namespaces, and what would.
 *
 * Returns: (transfer full)
 */
char *terrane_sandbox_explain (int proc_sys);

G_END_DECLS
