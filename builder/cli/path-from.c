#include "builder/cli/path-from.h"

#include <stdlib.h>

/* Returns the path without symbolic links, as far as it exists. */
static char *
physical_path (const char *path)
{
  char *real = realpath (path, NULL);
  if (real != NULL)
    {
      char *copy = g_strdup (real);
      free (real);
      return copy;
    }
  g_autofree char *parent = g_path_get_dirname (path);
  if (g_str_equal (parent, path))
    return g_canonicalize_filename (path, NULL);
  g_autofree char *above = physical_path (parent);
  g_autofree char *name = g_path_get_basename (path);
  return g_canonicalize_filename (name, above);
}

char *
terrane_path_from (const char *directory, const char *path)
{
  if (g_path_is_absolute (path))
    return g_strdup (path);
  if (directory == NULL)
    return physical_path (path);
  g_autofree char *here = physical_path (directory);
  g_autofree char *there = physical_path (path);
  g_auto (GStrv) from = g_strsplit (here + 1, "/", -1);
  g_auto (GStrv) to = g_strsplit (there + 1, "/", -1);
  guint common = 0;
  while (from[common] != NULL && to[common] != NULL && g_str_equal (from[common], to[common]))
    common++;
  g_autoptr (GString) relative = g_string_new (NULL);
  for (guint i = common; from[i] != NULL && from[i][0] != '\0'; i++)
    g_string_append (relative, relative->len > 0 ? "/.." : "..");
  for (guint i = common; to[i] != NULL; i++)
    g_string_append_printf (relative, "%s%s", relative->len > 0 ? "/" : "", to[i]);
  return g_strdup (relative->len > 0 ? relative->str : ".");
}
