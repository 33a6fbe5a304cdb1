/* Prints the logs of a function on stderr as they arrive. Writes never block, even if the reader
 * stops reading. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _TerraneFunctionLog TerraneFunctionLog;

/** Returns: (transfer full): a log with a thread of its own. Errors: %OCI_ERROR_IO. */
TerraneFunctionLog *terrane_function_log_new (GError **error);
/** Finishes the log if necessary, and frees it. */
void terrane_function_log_free (TerraneFunctionLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneFunctionLog, terrane_function_log_free)

/** Called when nothing more will arrive: prints an incomplete last line, and waits until everything
 * is written, or one second after @cancellable. */
void terrane_function_log_finish (TerraneFunctionLog *self, GCancellable *cancellable);

/** Drops output that cannot be written soon, from now on. */
void terrane_function_log_give_up (TerraneFunctionLog *self);

/** A TerraneSessionOutputFunc; @data is the log. Escapes everything that would have an effect on a
 * terminal. Drops output beyond 8 MiB that has not been read. */
void terrane_function_log_write (const char *bytes, size_t len, gpointer data);

/** A TerraneSessionFullFunc: whether so much output waits that a program should wait, too. */
gboolean terrane_function_log_is_full (gpointer data);

G_END_DECLS
