/* Python programs that are compiled into terrane. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Returns: (transfer full): text of a program. @name: of a file in transform.gresource.xml */
char *terrane_transform_script (const char *name);

G_END_DECLS
