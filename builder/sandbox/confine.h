/* Confines a program of the host that reads a stranger's file: no network, no other process, reads
 * of programs, libraries and that file, writes into one directory, and limits. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

typedef struct _TerraneConfinement TerraneConfinement;

/**
 * terrane_confinement_new:
 * @program: its name or path; its directory can be read
 * @input: an open file: can be read, also by way of /proc/self/fd
 * @directory: the only place that can be written to
 * @size: of the file: limits of memory and of written files follow from it
 *
 * Landlock keeps it from the file system; where the kernel does not have that, its files are only
 * those of its user. The filter of system calls and the limits are everywhere.
 */
TerraneConfinement *terrane_confinement_new (const char *program, int input, const char *directory,
                                             uint64_t size, GError **error);
void terrane_confinement_free (TerraneConfinement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneConfinement, terrane_confinement_free)

/** A TerraneProcessPrepareFunc; @data is the confinement. */
const char *terrane_confinement_prepare (gpointer data);

G_END_DECLS
