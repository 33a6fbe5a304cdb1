#include "builder/transform/script.h"

#include <gio/gio.h>

/* In the file that glib-compile-resources makes. */
extern GResource *terrane_transform_get_resource (void);
extern void terrane_transform_register_resource (void);

/* Registered on first use, since that needs GIO. */
static GResource *
get_resource (void)
{
  static gsize registered;
  if (g_once_init_enter (&registered))
    {
      terrane_transform_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  return terrane_transform_get_resource ();
}

/* Several threads start interpreters at once, and the first use of a resource is not
 * thread-safe. */
char *
terrane_transform_script (const char *name)
{
  static GMutex mutex;
  g_autofree char *path = g_strconcat ("/terrane/transform/", name, NULL);
  g_mutex_lock (&mutex);
  g_autoptr (GBytes) script =
      g_resource_lookup_data (get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  g_mutex_unlock (&mutex);
  g_assert (script != NULL); /* it is part of the program */
  return g_strndup (g_bytes_get_data (script, NULL), g_bytes_get_size (script));
}
