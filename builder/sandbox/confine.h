/* Confines a program of the host that reads an untrusted file: no network, no other process, read
 * access to programs, libraries and that file, write access to one directory, and limits. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct _TerraneConfinement TerraneConfinement;

/**
 * terrane_confinement_new:
 * @program: its name or path; its directory can be read
 * @input: an open file: can be read, also through /proc/self/fd
 * @directory: the only place that can be written to
 * @size: of the file: determines the limits of memory and of written files
 *
 * Access to files is limited by Landlock; without it in the kernel, by the permissions of the user.
 * The filter of system calls and the limits always apply.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO.
 */
TerraneConfinement *terrane_confinement_new (const char *program, int input, const char *directory,
                                             uint64_t size, GError **error);
void terrane_confinement_free (TerraneConfinement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneConfinement, terrane_confinement_free)

/** An OciProcessPrepareFunc; @data is the confinement. Returns: (transfer none)
 * (nullable): what failed, static */
const char *terrane_confinement_prepare (gpointer data);

G_END_DECLS
