/* The logs of a function on stderr, as they come. Who reads that may stop reading: nobody who gives
 * something to the log waits for it. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TerraneFunctionLog TerraneFunctionLog;

/** Returns: (transfer full) (nullable): %NULL when no thread can be started */
TerraneFunctionLog *terrane_function_log_new (GError **error);
/** Finishes it, too. */
void terrane_function_log_free (TerraneFunctionLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneFunctionLog, terrane_function_log_free)

/** When nothing more comes: shows a last line that has no end, and waits until everything is
 * written, or one second after @cancellable. */
void terrane_function_log_finish (TerraneFunctionLog *self, GCancellable *cancellable);

/** From now on, what cannot be written soon is not written. */
void terrane_function_log_give_up (TerraneFunctionLog *self);

/** A TerraneSessionOutputFunc; @data is the log. On a terminal nothing in it has an effect. Of more
 * than 8 MiB that nobody reads the rest is left out. */
void terrane_function_log_write (const char *bytes, size_t len, gpointer data);

/** A TerraneSessionFullFunc: whether so much waits that a program should wait, too. */
gboolean terrane_function_log_is_full (gpointer data);

G_END_DECLS
