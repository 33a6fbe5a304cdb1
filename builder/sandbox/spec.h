/* What a sandbox is to be: root, user, limits, and which program makes it. */
#pragma once

#include "builder/sandbox/emulator.h"
#include "builder/sandbox/host-mount.h"
#include "builder/sandbox/root-path.h"

#include <stdint.h>
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
  TERRANE_SANDBOX_NONE, /* no namespaces: bare.h */
} TerraneSandboxKind;

/* What the program can reach. */
typedef enum
{
  TERRANE_NETWORK_NONE, /* a loopback of its own */
  TERRANE_NETWORK_HOST, /* all that this machine can, its loopback included */
} TerraneNetwork;

/** "none" and "host", until NULL. */
const char *const *terrane_network_names (void);

/** @name: (nullable): one of those; NULL for none */
TerraneNetwork terrane_network_of_name (const char *name);

/** As "--sandbox" and records have it. */
const char *terrane_sandbox_kind_name (TerraneSandboxKind kind);

/** All of them, until NULL. */
const char *const *terrane_sandbox_kind_names (void);

gboolean terrane_sandbox_kind_parse (const char *text, TerraneSandboxKind *out_kind,
                                     GError **error);

typedef struct
{
  const char *root;        /* directory with the file system; has /proc, /dev and /tmp */
  const char *const *env;  /* (nullable): "NAME=VALUE" strings: exactly what the program sees, and
                              TERRANE_SANDBOX_DEFAULT_PATH when they have no PATH */
  const char *working_dir; /* (nullable): "/" */
  uint64_t tmp_bytes;      /* size of /tmp; 0 for 512 MiB */
  uint64_t memory_bytes; /* terrane_sandbox_run() alone: everything inside is killed above it; 0 for
                            no limit */
  TerraneSandboxKind kind;         /* which one; podman can have no port */
  const TerraneEmulator *emulator; /* (nullable): for an image of another processor; bubblewrap's */
  gboolean writable;       /* sessions only: changes of the root are kept in memory, then lost */
  const GPtrArray *mounts; /* (nullable): of TerraneHostMount, which were checked */
  TerraneNetwork network;
  gboolean neutral; /* bubblewrap alone: results must not depend on the machine: its number of
                       processors and what else /proc says of it cannot be read; the host's name is
                       "localhost", and there is /dev/shm, which shares the limit of /tmp */
} TerraneSandbox;

/* A file that appears read-only at /tmp/terrane/NAME. */
typedef struct
{
  const char *name; /* one path component */
  GBytes *content;
  mode_t mode;
} TerraneSandboxFile;

#define TERRANE_SANDBOX_FILES "/tmp/terrane"

G_END_DECLS
