#include "builder/transform/relocate.h"

#include "oci/base/path.h"

#include <string.h>

/* Returns the length of the common start of both paths, in whole components with their slashes. */
static size_t
common_directories (const char *a, const char *b)
{
  size_t common = 0;
  for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++)
    if (a[i] == '/')
      common = i + 1;
  return common;
}

/* Returns the relative path from the directory of @link to @target. */
static char *
relative_text (const char *link, const char *target)
{
  GString *text = g_string_new (NULL);
  g_autofree char *directory = g_strconcat (target, "/", NULL); /* may be above the link */
  size_t common = common_directories (link, directory);
  for (const char *at = link + common; (at = strchr (at, '/')) != NULL; at++)
    g_string_append (text, "../");
  if (common < strlen (target))
    g_string_append (text, target + common);
  else if (text->len > 0)
    g_string_truncate (text, text->len - 1);
  else
    g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

char *
terrane_relocate_link (const char *link, const char *target, TerraneMovedFunc moved, gpointer data)
{
  g_autofree char *before = oci_path_resolve_link (link, target);
  if (before == NULL)
    return NULL; /* leads nowhere */
  g_autofree char *new_link = moved (link, data);
  g_autofree char *after = moved (before, data);
  g_autofree char *now = oci_path_resolve_link (new_link, target);
  if (now != NULL && strcmp (now, after) == 0)
    return NULL;
  return target[0] == '/' ? g_strconcat ("/", after, NULL) : relative_text (new_link, after);
}
