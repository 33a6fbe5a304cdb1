/* A build root that "build --keep-failed" kept, in the state in which the failed step left it. */
#pragma once

#include "builder/sandbox/spec.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

typedef struct
{
  char *title; /* "geos 3.13.1: step 2 of 3 (‘make’) failed" */
  char *root;  /* directory with the file system */
  char **argv; /* command to run inside */
  char **env;
  GPtrArray *mounts; /* of TerraneHostMount: files of the step, writable */
  uint64_t tmp_bytes;
  char *file_name;             /* (nullable) */
  TerraneSandboxFile files[2]; /* further files of the step; ended by one without a name */
  TerraneEmulator emulator;
} TerraneFailedBuild;

#define TERRANE_FAILED_BUILD_INIT                                                                  \
  {                                                                                                \
    .title = NULL                                                                                  \
  }

/**
 * terrane_failed_build_open:
 * @name: of a recipe
 * @command: a program and its arguments; empty for a shell, whose arguments are the failed command
 *
 * Opens the build root, which is in use until the store is closed.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_IO, codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_failed_build_open (TerraneStore *store, const char *name, char *const *command,
                                    TerraneFailedBuild *out_build, GError **error);
void terrane_failed_build_clear (TerraneFailedBuild *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFailedBuild, terrane_failed_build_clear)

G_END_DECLS
