/* "podman run" as near to Lambda as podman comes. */
#pragma once

#include "builder/sandbox/argv.h"

#include "oci/base/fd.h"

#include <stdint.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t tmp_bytes;
  uint64_t memory_bytes; /* 0 for no limit */
  gboolean writable;     /* the root; the changes are lost */
  gboolean interactive;  /* the program reads from the standard input */
  gboolean terminal;     /* and that is a terminal */
} TerranePodmanOptions;

/** Begins with "podman run". What is missing is the environment, and what to run. */
void terrane_podman_add_run (TerraneArgv *argv, const TerranePodmanOptions *options);

/**
 * terrane_podman_add_env:
 * @env: "NAME=VALUE" strings; others are left out
 * @child_fd: number that *@out_fd will have for podman
 * @own_env: (inout): podman's own environment
 * @out_fd: (out): a file in memory
 *
 * Passes variables on without their values being in the command line. What a file of variables
 * cannot have, such as line breaks, goes through podman's own environment.
 */
gboolean terrane_podman_add_env (TerraneArgv *argv, const char *const *env, int child_fd,
                                 char ***own_env, OciFd *out_fd, GError **error);

G_END_DECLS
