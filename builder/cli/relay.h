/* Pipes between a program in the sandbox and our standard descriptors. A process with a descriptor
 * of a file can open it again through /proc/self/fd, for writing where its owner may, and can
 * change its mode, times and attributes, lock it, or send on it if it is a socket. Therefore the
 * program gets none of ours.
 *
 * Input in a file or pipe that the program does not read is left there, as if it had the descriptor
 * itself. A terminal is its input only together with a terminal as output (see TerranePty):
 * otherwise it would consume what is typed for other programs. */
#pragma once

#include "oci/base/fd.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TerraneRelay TerraneRelay;

/**
 * terrane_relay_new:
 * @ours: for each of the program's three, the standard descriptor that it is relayed from or to, or
 *   -1
 *
 * Returns: (transfer full): an error if one of them is a directory
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_IO.
 */
TerraneRelay *terrane_relay_new (const int *ours, GError **error);

/** Returns: (transfer none): three descriptors for the program, -1 where nothing is relayed */
const int *terrane_relay_stdio (const TerraneRelay *self);

/** To be called after the program was started: closes its descriptors here, and starts the threads.
 * Errors: codes of %G_THREAD_ERROR. */
gboolean terrane_relay_start (TerraneRelay *self, GError **error);

/**
 * terrane_relay_finish:
 * @cancellable: (nullable): once triggered, only what can be written at once is
 *
 * To be called after the program has ended: passes on what it has written.
 *
 * Returns: %FALSE if something could not be written; a reader that has gone is not an error
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_relay_finish (TerraneRelay *self, GCancellable *cancellable, GError **error);

/** Frees it without writing anything more. */
void terrane_relay_free (TerraneRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRelay, terrane_relay_free)

G_END_DECLS
