/* Python programs that are part of terrane. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** @name: of a file in transform.gresource.xml. Returns: (transfer full): its text */
char *terrane_transform_script (const char *name);

G_END_DECLS
