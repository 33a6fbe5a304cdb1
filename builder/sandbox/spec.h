/* Parameters of a sandbox: root, user, limits, and the program that makes it. */
#pragma once

#include "builder/sandbox/emulator.h"
#include "builder/sandbox/host-mount.h"
#include "builder/sandbox/root-path.h"

#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

enum
{
  /* The user of functions on Lambda, seen in many logs. */
  TERRANE_SANDBOX_UID = 993,
  TERRANE_SANDBOX_GID = 990,
  /* Version of what programs can see and do in the sandbox. A change that makes a difference to
   * programs increments it, so that results of older versions are not used. */
  TERRANE_SANDBOX_VERSION = 3,
  /* For /tmp: the inode ratio of ext4, as mke2fs makes it for 512 MiB or more. */
  TERRANE_SANDBOX_TMP_BYTES_PER_FILE = 16 * 1024,
};

#define TERRANE_SANDBOX_DEFAULT_TMP_BYTES (UINT64_C (512) * 1024 * 1024) /* Lambda's default */

/* The kinds of containment. All but the first are used only on request: docs/sandbox.md says what
 * they lack. */
typedef enum
{
  TERRANE_SANDBOX_BUBBLEWRAP,
  TERRANE_SANDBOX_PODMAN,
  TERRANE_SANDBOX_NONE, /* no namespaces: bare.h */
} TerraneSandboxKind;

/* Network that the program can reach. */
typedef enum
{
  TERRANE_NETWORK_NONE, /* only a loopback of its own */
  TERRANE_NETWORK_HOST, /* everything that this machine can reach, including its loopback */
} TerraneNetwork;

/** Returns: (transfer none): "none" and "host", ended by NULL */
const char *const *terrane_network_names (void);

/** Returns the network with this name. @name: (nullable): NULL for "none" */
TerraneNetwork terrane_network_of_name (const char *name);

/** Returns: (transfer none): the word for "--sandbox" and records */
const char *terrane_sandbox_kind_name (TerraneSandboxKind kind);

/** Returns: (transfer none): all of them, ended by NULL */
const char *const *terrane_sandbox_kind_names (void);

/** Reads the value of "--sandbox". Errors: %OCI_ERROR_USAGE. */
gboolean terrane_sandbox_kind_parse (const char *text, TerraneSandboxKind *out_kind,
                                     GError **error);

typedef struct
{
  const char *root;        /* directory with the file system, which has /proc, /dev and /tmp */
  const char *const *env;  /* (nullable): "NAME=VALUE" strings: the exact environment, with
                              TERRANE_SANDBOX_DEFAULT_PATH if they have no PATH */
  const char *working_dir; /* (nullable): NULL for "/" */
  uint64_t tmp_bytes;      /* size of /tmp; 0 for 512 MiB */
  uint64_t memory_bytes; /* only for terrane_sandbox_run(): everything inside is killed above it; 0
                            for no limit */
  TerraneSandboxKind kind; /* podman cannot have a port */
  const TerraneEmulator
      *emulator;     /* (nullable): for an image of another processor; only for bubblewrap */
  gboolean writable; /* only for sessions: changes of the root are kept in memory, then lost */
  const GPtrArray *mounts; /* (nullable): of TerraneHostMount, checked */
  TerraneNetwork network;
  gboolean neutral; /* only for bubblewrap: results must not depend on the machine: its number of
                       processors and other contents of /proc about it cannot be read; the host's
                       name is "localhost"; and there is /dev/shm, which shares the limit of /tmp */
} TerraneSandbox;

/* A read-only file at /tmp/terrane/NAME. */
typedef struct
{
  const char *name; /* one path component */
  GBytes *content;
  mode_t mode;
} TerraneSandboxFile;

#define TERRANE_SANDBOX_FILES "/tmp/terrane"

G_END_DECLS
