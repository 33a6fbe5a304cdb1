#include "builder/transform/script.h"

#include <gio/gio.h>

/* Of the file that glib-compile-resources makes. */
extern GResource *terrane_transform_get_resource (void);

/* Several threads start interpreters at once, and the first use of a resource is not thread-safe.
 */
char *
terrane_transform_script (const char *name)
{
  static GMutex mutex;
  g_autofree char *path = g_strconcat ("/terrane/transform/", name, NULL);
  g_mutex_lock (&mutex);
  g_autoptr (GBytes) script = g_resource_lookup_data (terrane_transform_get_resource (), path,
                                                      G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_mutex_unlock (&mutex);
  g_assert (script != NULL); /* it is part of the program */
  return g_strndup (g_bytes_get_data (script, NULL), g_bytes_get_size (script));
}
