/* Finds the names that a Python module has once it is imported, from its source without running it.
 * The source is untrusted: reading terminates for any input, and anything that is not understood
 * gives the answer "cannot tell". */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GHashTable *names; /* set of names that a statement of the module binds, in any branch */
  /* There may be more names: "from x import *", globals(), exec(), a module's __getattr__(), or
   * something that was not understood. */
  gboolean open;
} TerranePythonNames;

/** Reads the source of a module. Returns: (transfer full) */
TerranePythonNames *terrane_python_names_read (const char *text, gsize size);
void terrane_python_names_free (TerranePythonNames *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePythonNames, terrane_python_names_free)

G_END_DECLS
