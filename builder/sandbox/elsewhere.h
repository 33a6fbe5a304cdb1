/* Runs programs of an image in a podman container, without bubblewrap. Used only on request. */
#pragma once

#include "builder/sandbox/spec.h"

#include "oci/base/process.h"

G_BEGIN_DECLS

typedef struct _TerraneElsewhere TerraneElsewhere;

/**
 * terrane_elsewhere_new:
 * @sandbox, @argv, @files: as for terrane_session_start(); must outlive the result
 * @memory_bytes: 0 for no limit
 * @interactive: the program reads from standard input; @terminal: and that is a terminal
 *
 * Makes everything needed except a process: a directory of files.
 *
 * Returns: (transfer full): %OCI_ERROR_NOT_FOUND without podman
 * Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO, codes of %G_FILE_ERROR.
 */
TerraneElsewhere *terrane_elsewhere_new (const TerraneSandbox *sandbox, const char *const *argv,
                                         const TerraneSandboxFile *files, uint64_t memory_bytes,
                                         gboolean interactive, gboolean terminal, GError **error);

/** Kills what still runs in the container, and removes what was made. */
void terrane_elsewhere_free (TerraneElsewhere *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElsewhere, terrane_elsewhere_free)

/** Sets the command to start; descriptors and terminal are set by the caller. */
void terrane_elsewhere_to_process (TerraneElsewhere *self, OciProcess *out_process);

/** Kills the container, which outlives the process. */
void terrane_elsewhere_kill (TerraneElsewhere *self);

G_END_DECLS
