#include "builder/facts/image-view.h"

#include "builder/store/object.h"

#include "oci/base/path.h"

#include <string.h>

const char *
terrane_image_view_tree (const TerraneImageView *self, const TerraneNode *node)
{
  for (int i = 0; self->names != NULL && self->names[i] != NULL; i++)
    if (i == node->tree_number)
      return self->names[i];
  return NULL;
}

gboolean
terrane_image_view_read (const TerraneImageView *self, const TerraneNode *node, uint64_t max,
                         GBytes **out_bytes, GError **error)
{
  g_auto (OciFd) fd = -1;
  size_t size = 0;
  *out_bytes = NULL;
  if (node == NULL || node->type != OCI_ENTRY_FILE || node->size > max)
    return TRUE;
  g_autofree char *data = g_malloc (node->size + 1);
  if (!terrane_object_open (self->store, &node->object, &fd, error)
      || !oci_read_full (fd, data, node->size, &size, error))
    return FALSE;
  *out_bytes = g_bytes_new_take (g_steal_pointer (&data), size);
  return TRUE;
}

char *
terrane_image_view_env (const TerraneImageView *self, const char *name)
{
  g_auto (GStrv) env = oci_image_config_env (self->config);
  const char *value = g_environ_getenv (env, name);
  return g_strdup (value);
}

char *
terrane_image_view_quote (const TerraneImageView *self, const TerraneNode *node)
{
  const char *tree = terrane_image_view_tree (self, node);
  g_autofree char *relative = terrane_node_path (node);
  g_autofree char *path = g_strconcat ("/", relative, NULL);
  g_autofree char *quoted = oci_quote (path);
  if (tree == NULL)
    return g_steal_pointer (&quoted);
  g_autofree char *quoted_tree = oci_quote (tree);
  return g_strdup_printf ("%s in %s", quoted, quoted_tree);
}

/* Whether @path is below one of the directories of @list. */
static gboolean
is_below_any (const char *path, const char *list)
{
  if (list == NULL)
    return FALSE;
  g_auto (GStrv) directories = g_strsplit (list, ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      const char *prefix = *directory + strspn (*directory, "/");
      if (prefix[0] != '\0' && oci_path_is_below (path, prefix))
        return TRUE;
    }
  return FALSE;
}

TerraneNode *
terrane_image_view_program (const TerraneImageView *self, const char *directory, const char *name)
{
  if (strchr (name, '/') != NULL)
    {
      g_autofree char *path =
          name[0] == '/' ? g_strdup (name) : g_strconcat (directory, "/", name, NULL);
      return terrane_tree_follow (self->tree, path);
    }
  g_autofree char *path = terrane_image_view_env (self, "PATH");
  g_auto (GStrv) directories = g_strsplit (
      path != NULL ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", ":",
      -1);
  for (char **each = directories; *each != NULL; each++)
    {
      g_autofree char *candidate = g_strconcat (*each, "/", name, NULL);
      TerraneNode *node = terrane_tree_follow (self->tree, candidate);
      if (node != NULL && node->type == OCI_ENTRY_FILE && (node->mode & 0111) != 0)
        return node;
    }
  return NULL;
}

gboolean
terrane_image_view_is_module_path (const TerraneImageView *self, const char *path)
{
  static const char *const parts[] = { "/site-packages/", "/dist-packages/", "/lib-dynload/",
                                       NULL };
  for (const char *const *part = parts; *part != NULL; part++)
    if (strstr (path, *part) != NULL)
      return TRUE;
  g_autofree char *task_root = terrane_image_view_env (self, "LAMBDA_TASK_ROOT");
  g_autofree char *python_path = terrane_image_view_env (self, "PYTHONPATH");
  const char *working_dir = oci_image_config_working_dir (self->config);
  return is_below_any (path, "/var/task:/opt/python:/opt/lib") || is_below_any (path, task_root)
         || is_below_any (path, python_path) || is_below_any (path, working_dir);
}
