/* The image's file system as Lambda would run it, by bubblewrap: read-only root, tmpfs /tmp, no
 * network, an unprivileged user without capabilities, the image's own environment. Needs no root
 * and no subuid range; as root it is the same, in a user namespace of its own. */
#pragma once

#include "builder/sandbox/process.h"

#include <sys/types.h>

G_BEGIN_DECLS

enum
{
  /* What Lambda runs functions as, seen in many logs. */
  TERRANE_SANDBOX_UID = 993,
  TERRANE_SANDBOX_GID = 990,
};

typedef struct
{
  const char *root;        /* directory with the file system; has /proc, /dev and /tmp */
  const char *const *env;  /* "NAME=VALUE" strings: exactly what the program sees */
  const char *working_dir; /* (nullable): "/" */
  uint64_t tmp_bytes;      /* size of /tmp */
} TerraneSandbox;

/* A file that appears read-only at /tmp/terrane/NAME. */
typedef struct
{
  const char *name;
  GBytes *content;
  mode_t mode;
} TerraneSandboxFile;

#define TERRANE_SANDBOX_FILES "/tmp/terrane"

/**
 * terrane_sandbox_run:
 * @argv: program, an absolute path inside the root, and its arguments
 * @files: (nullable): extra files
 * @deadline_ms: everything inside is killed after so many milliseconds; 0 for none
 *
 * Returns FALSE when the sandbox itself could not be made: bubblewrap is missing, or the host
 * forbids user namespaces, in which case the message says what forbids them and how to allow them.
 */
gboolean terrane_sandbox_run (const TerraneSandbox *self, const char *const *argv,
                              const TerraneSandboxFile *files, size_t n_files, uint64_t deadline_ms,
                              TerraneProcessResult *out_result, GError **error);

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
