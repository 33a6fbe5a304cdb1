/* Programs of an image in a podman container, without bubblewrap. Only for who asks for it. */
#pragma once

#include "builder/sandbox/spec.h"

#include "oci/base/process.h"

G_BEGIN_DECLS

typedef struct _TerraneElsewhere TerraneElsewhere;

/**
 * terrane_elsewhere_new:
 * @sandbox, @argv, @files: as terrane_session_start() has them; must outlive the result
 * @memory_bytes: 0 for no limit
 * @interactive: the program reads from the standard input; @terminal: and that is a terminal
 *
 * Makes what is needed besides a process: a directory of files.
 *
 * Returns: (transfer full) (nullable): %OCI_ERROR_NOT_FOUND without podman
 */
TerraneElsewhere *terrane_elsewhere_new (const TerraneSandbox *sandbox, const char *const *argv,
                                         const TerraneSandboxFile *files, uint64_t memory_bytes,
                                         gboolean interactive, gboolean terminal, GError **error);

/** Removes what was made. What still runs in a container is killed. */
void terrane_elsewhere_free (TerraneElsewhere *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneElsewhere, terrane_elsewhere_free)

/** Fills in what to start; descriptors and terminal are the caller's. */
void terrane_elsewhere_to_process (TerraneElsewhere *self, OciProcess *out_process);

/** Ends what goes on beyond the process. */
void terrane_elsewhere_kill (TerraneElsewhere *self);

G_END_DECLS
