/* Loads a library when the first of its functions is called, so that commands that use none of them
 * start without it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_lazy_resolve:
 * @slot: of a function in terrane_lazy_slots
 *
 * Called by stubs.S on any thread. If the library is missing, the process ends with a message.
 *
 * Returns: the function
 */
gpointer terrane_lazy_resolve (gpointer *slot);

G_END_DECLS
