/* The command line of "podman run", as similar to Lambda as podman allows. */
#pragma once

#include "builder/sandbox/argv.h"
#include "builder/sandbox/spec.h"

#include "oci/base/fd.h"

#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t tmp_bytes;
  uint64_t memory_bytes;   /* 0 for no limit */
  gboolean writable;       /* the root; changes are lost */
  gboolean interactive;    /* the program reads from standard input */
  gboolean terminal;       /* which is a terminal */
  const GPtrArray *mounts; /* (nullable): of TerraneHostMount; none of them writable */
  TerraneNetwork network;
} TerranePodmanOptions;

/** Whether podman can have these mounts: what a program writes to one would belong to another user
 * of this machine than with bubblewrap. @mounts: (nullable). Errors: %OCI_ERROR_UNSUPPORTED. */
gboolean terrane_podman_check_mounts (const GPtrArray *mounts, GError **error);

/** Adds "podman run" with its options, but not the environment and what to run. */
void terrane_podman_add_run (TerraneArgv *argv, const TerranePodmanOptions *options);

/**
 * terrane_podman_add_env:
 * @env: "NAME=VALUE" strings; others are ignored
 * @child_fd: number that *@out_fd will have for podman
 * @out_fd: (out): a file in memory
 *
 * Passes variables in a file, so that their values are not in the command line; values that such a
 * file cannot contain, such as line breaks, are arguments nevertheless. Never passes them in
 * podman's own environment: LD_PRELOAD of an image would load its library on the host.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_podman_add_env (TerraneArgv *argv, const char *const *env, int child_fd,
                                 OciFd *out_fd, GError **error);

G_END_DECLS
