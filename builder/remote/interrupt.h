/* SIGINT, SIGTERM and SIGHUP as a GCancellable, for as long as work goes on that can stop cleanly.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TerraneInterrupt TerraneInterrupt;

/**
 * terrane_interrupt_new:
 *
 * From now on the first signal triggers the cancellable, and a second one ends the process, as it
 * always did. Outside of such work a signal ends the process at once: nothing is harmed by that
 * (builder/store/store.h), and so it stays where no thread can be started. There can be one at a
 * time.
 */
TerraneInterrupt *terrane_interrupt_new (void);
void terrane_interrupt_free (TerraneInterrupt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInterrupt, terrane_interrupt_free)

/** Returns: (transfer none) */
GCancellable *terrane_interrupt_cancellable (TerraneInterrupt *self);

G_END_DECLS
