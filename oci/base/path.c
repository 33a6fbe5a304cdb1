#include "oci/base/path.h"

#include "oci/base/error.h"

#include <string.h>

static gboolean
check_component (const char *raw, const char *component, GError **error)
{
  if (strcmp (component, "..") == 0)
    {
      g_autofree char *quoted = oci_quote (raw);
      return oci_throw (error, OCI_ERROR_FORMAT, "the path %s contains ‘..’", quoted);
    }
  if (strlen (component) > OCI_NAME_MAX_BYTES)
    {
      g_autofree char *quoted = oci_quote (raw);
      return oci_throw (error, OCI_ERROR_LIMIT, "the path %s has a component of over %d bytes",
                        quoted, OCI_NAME_MAX_BYTES);
    }
  return TRUE;
}

gboolean
oci_path_normalise (const char *raw, char **out_path, GError **error)
{
  g_autofree char *quoted = oci_quote (raw);
  if (raw[0] == '/')
    return oci_throw (error, OCI_ERROR_FORMAT, "the path %s is absolute", quoted);
  if (!g_utf8_validate (raw, -1, NULL))
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "the path %s is not UTF-8", quoted);
  return oci_path_normalise_bytes (raw, out_path, error);
}

gboolean
oci_path_normalise_bytes (const char *raw, char **out_path, GError **error)
{
  if (strlen (raw) > OCI_PATH_MAX)
    {
      g_autofree char *quoted = oci_quote (raw);
      return oci_throw (error, OCI_ERROR_LIMIT, "the path %s is longer than %d bytes", quoted,
                        OCI_PATH_MAX);
    }

  GString *path = g_string_sized_new (strlen (raw));
  g_auto (GStrv) components = g_strsplit (raw, "/", -1);
  for (char **c = components; *c != NULL; c++)
    {
      if (**c == '\0' || strcmp (*c, ".") == 0)
        continue;
      if (!check_component (raw, *c, error))
        {
          g_string_free (path, TRUE);
          return FALSE;
        }
      if (path->len > 0)
        g_string_append_c (path, '/');
      g_string_append (path, *c);
    }
  *out_path = g_string_free (path, FALSE);
  return TRUE;
}

char *
oci_path_resolve_link (const char *link_path, const char *target)
{
  g_autoptr (GPtrArray) stack = g_ptr_array_new_with_free_func (g_free);
  const char *slash = strrchr (link_path, '/');
  g_autofree char *text =
      target[0] == '/' || slash == NULL
          ? g_strdup (target)
          : g_strdup_printf ("%.*s/%s", (int) (slash - link_path), link_path, target);

  g_auto (GStrv) components = g_strsplit (text, "/", -1);
  for (char **c = components; *c != NULL; c++)
    {
      if (**c == '\0' || strcmp (*c, ".") == 0)
        continue;
      if (strcmp (*c, "..") != 0)
        g_ptr_array_add (stack, g_strdup (*c));
      else if (stack->len > 0)
        g_ptr_array_remove_index (stack, stack->len - 1);
      else
        return NULL;
    }
  g_ptr_array_add (stack, NULL);
  return g_strjoinv ("/", (char **) stack->pdata);
}

gboolean
oci_path_is_below (const char *path, const char *prefix)
{
  size_t len = strlen (prefix);
  return len == 0 || (strncmp (path, prefix, len) == 0 && (path[len] == '\0' || path[len] == '/'));
}

char *
oci_path_join (const char *a, const char *b)
{
  if (a[0] == '\0')
    return g_strdup (b);
  if (b[0] == '\0')
    return g_strdup (a);
  return g_strconcat (a, "/", b, NULL);
}
