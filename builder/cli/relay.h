/* Pipes between a program in the sandbox and our standard descriptors. Whoever has a descriptor of
 * a file can open that once more through /proc/self/fd, for writing where its owner may, and can
 * change its mode, times and attributes, lock it, or send on it when it is a socket. So the program
 * is given none of ours.
 *
 * What it does not read of a file or of a pipe is left in there, as if it had had that itself. A
 * terminal is its input only together with a terminal as output (see TerranePty): else it would
 * take what is typed for somebody else. */
#pragma once

#include "oci/base/fd.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TerraneRelay TerraneRelay;

/**
 * terrane_relay_new:
 * @ours: for each of the program's three, the standard descriptor that it is relayed from or to,
 *   or -1
 *
 * Returns: (transfer full) (nullable): fails when one of them is a directory
 */
TerraneRelay *terrane_relay_new (const int *ours, GError **error);

/** Three descriptors for the program, -1 where nothing is relayed. */
const int *terrane_relay_stdio (const TerraneRelay *self);

/** To be called when the program has been started: closes its descriptors here. */
gboolean terrane_relay_start (TerraneRelay *self, GError **error);

/**
 * terrane_relay_finish:
 * @cancellable: (nullable): then only what can be written at once is
 *
 * To be called when the program has ended: passes on what it has written.
 *
 * Returns: FALSE when something could not be written; a reader that has gone is none of our affair
 */
gboolean terrane_relay_finish (TerraneRelay *self, GCancellable *cancellable, GError **error);

/** Writes nothing more. */
void terrane_relay_free (TerraneRelay *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRelay, terrane_relay_free)

G_END_DECLS
