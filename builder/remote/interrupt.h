/* Turns SIGINT, SIGTERM and SIGHUP into a GCancellable, during work that can stop cleanly. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TerraneInterrupt TerraneInterrupt;

/** From now on the first signal triggers the cancellable, and a second one ends the process as
 * usual. Outside of such work, and if no thread can be started, a signal ends the process at once,
 * which is safe (builder/store/store.h). Only one can exist at a time. Returns: (transfer full) */
TerraneInterrupt *terrane_interrupt_new (void);
void terrane_interrupt_free (TerraneInterrupt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInterrupt, terrane_interrupt_free)

/** Returns: (transfer none): the cancellable */
GCancellable *terrane_interrupt_cancellable (TerraneInterrupt *self);

G_END_DECLS
