/* The names that a module of Python has once it is imported, read from its source without running
 * it. Sources come from strangers: whatever is in them, reading ends, and what is not understood
 * makes the answer "cannot tell". */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  GHashTable *names; /* set of names that a statement of the module binds, in whatever branch */
  /* More names may be there: "from x import *", globals(), exec(), a module's __getattr__(), or
   * something that was not understood. */
  gboolean open;
} TerranePythonNames;

/** Returns: (transfer full) */
TerranePythonNames *terrane_python_names_read (const char *text, gsize size);
void terrane_python_names_free (TerranePythonNames *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePythonNames, terrane_python_names_free)

G_END_DECLS
