/* The logs of a function on stderr, as they come. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GMutex mutex;
  GString *line; /* begun on a terminal, where only whole lines are shown */
  gboolean terminal;
} TerraneFunctionLog;

void terrane_function_log_init (TerraneFunctionLog *self);
/** Shows a last line that has no end. */
void terrane_function_log_clear (TerraneFunctionLog *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFunctionLog, terrane_function_log_clear)

/** A TerraneSessionOutputFunc; @data is the log. On a terminal nothing in it has an effect. */
void terrane_function_log_write (const char *bytes, size_t len, gpointer data);

G_END_DECLS
