/* "podman run" as near to Lambda as podman comes. */
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
  gboolean writable;       /* the root; the changes are lost */
  gboolean interactive;    /* the program reads from the standard input */
  gboolean terminal;       /* and that is a terminal */
  const GPtrArray *mounts; /* (nullable): of TerraneHostMount; none of them writable */
  TerraneNetwork network;
} TerranePodmanOptions;

/** Whether podman can have these mounts: what a program writes by one would belong to another user
 * of this machine than with bubblewrap. @mounts: (nullable) */
gboolean terrane_podman_check_mounts (const GPtrArray *mounts, GError **error);

/** Begins with "podman run". What is missing is the environment, and what to run. */
void terrane_podman_add_run (TerraneArgv *argv, const TerranePodmanOptions *options);

/**
 * terrane_podman_add_env:
 * @env: "NAME=VALUE" strings; others are left out
 * @child_fd: number that *@out_fd will have for podman
 * @out_fd: (out): a file in memory
 *
 * Passes variables on in a file, so that their values are not in the command line; what such a file
 * cannot have, such as line breaks, is an argument all the same. Never through podman's own
 * environment: LD_PRELOAD of an image would load its library on the host.
 */
gboolean terrane_podman_add_env (TerraneArgv *argv, const char *const *env, int child_fd,
                                 OciFd *out_fd, GError **error);

G_END_DECLS
