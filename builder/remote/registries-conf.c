#include "builder/remote/registries-conf.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_BYTES = 1024 * 1024,
};

/* Whether a line begins a table of rules; comments and aliases of short names do not count. */
static gboolean
has_rules (const char *path)
{
  g_autofree char *text = NULL;
  gsize length = 0;
  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR)
      || !g_file_get_contents (path, &text, &length, NULL) || length > MAX_BYTES)
    return FALSE;
  for (const char *line = text; line != NULL && *line != '\0';)
    {
      line += strspn (line, " \t\r\n");
      if (line[0] == '[')
        {
          line += strspn (line, "[ \t");
          if (g_str_has_prefix (line, "registry") && strchr ("]. \t", line[strlen ("registry")]))
            return TRUE;
        }
      line = strchr (line, '\n');
    }
  return FALSE;
}

/* Returns: (transfer full) (nullable): the first of @directory's *.conf that has rules */
static char *
find_in_directory (const char *directory)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (AT_FDCWD, directory, TRUE, &names, NULL))
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *path = g_build_filename (directory, names->pdata[i], NULL);
      if (g_str_has_suffix (path, ".conf") && has_rules (path))
        return g_steal_pointer (&path);
    }
  return NULL;
}

char *
terrane_registries_conf_find (void)
{
  const char *given = g_getenv ("CONTAINERS_REGISTRIES_CONF");
  if (given != NULL && given[0] != '\0')
    return has_rules (given) ? g_strdup (given) : NULL;
  g_autofree char *user = g_build_filename (g_get_home_dir (), ".config", "containers", NULL);
  const char *const places[] = { user, "/etc/containers" };
  for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *file = g_build_filename (places[i], "registries.conf", NULL);
      g_autofree char *directory = g_strconcat (file, ".d", NULL);
      if (has_rules (file))
        return g_steal_pointer (&file);
      char *found = find_in_directory (directory);
      if (found != NULL)
        return found;
    }
  return NULL;
}

void
terrane_registries_conf_explain (GError **error)
{
  if (error == NULL || *error == NULL
      || (!g_error_matches (*error, OCI_ERROR, OCI_ERROR_UNREACHABLE)
          && !g_error_matches (*error, OCI_ERROR, OCI_ERROR_NETWORK)
          && !g_error_matches (*error, OCI_ERROR, OCI_ERROR_DENIED)
          && !g_error_matches (*error, OCI_ERROR, OCI_ERROR_NOT_FOUND)))
    return;
  g_autofree char *path = terrane_registries_conf_find ();
  if (path == NULL)
    return;
  g_autofree char *quoted = oci_quote (path);
  g_autofree char *text = g_strdup_printf (
      "%s\n  %s has rules for registries, such as mirrors, which podman follows and terrane does "
      "not: name the mirror itself, docker://MIRROR/REPOSITORY",
      (*error)->message, quoted);
  g_free ((*error)->message);
  (*error)->message = g_steal_pointer (&text);
}
