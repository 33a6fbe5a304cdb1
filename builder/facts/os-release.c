#include "builder/facts/os-release.h"

#include "oci/base/text.h"

#include <string.h>

enum
{
  MAX_RELEASE_BYTES = 64 * 1024,
};

void
terrane_os_release_clear (TerraneOsRelease *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->version, g_free);
}

/* Assignments in the syntax of a shell. Invalid quoting is ignored. */
static void
take_line (TerraneOsRelease *self, const char *line)
{
  char **place = g_str_has_prefix (line, "ID=")           ? &self->id
                 : g_str_has_prefix (line, "VERSION_ID=") ? &self->version
                                                          : NULL;
  if (place == NULL)
    return;
  g_autofree char *value = g_shell_unquote (strchr (line, '=') + 1, NULL);
  if (value == NULL || value[0] == '\0')
    return;
  g_free (*place);
  *place = g_steal_pointer (&value);
}

gboolean
terrane_os_release_find (const TerraneImageView *view, TerraneOsRelease *out_release,
                         GError **error)
{
  static const char *const paths[] = { "etc/os-release", "usr/lib/os-release" };
  g_autoptr (GBytes) bytes = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (paths) && bytes == NULL; i++)
    {
      const TerraneNode *node = terrane_tree_follow (view->tree, paths[i]);
      if (node != NULL && !terrane_image_view_read (view, node, MAX_RELEASE_BYTES, &bytes, error))
        return FALSE;
    }
  gsize size = 0;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : "";
  g_autofree char *text = g_strndup (data, size);
  for (char *at = text, *line; (line = oci_next_line (&at)) != NULL;)
    take_line (out_release, line);
  return TRUE;
}
