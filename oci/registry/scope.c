#include "oci/registry/scope.h"

#include <string.h>

gboolean
oci_scope_is_part_of (const char *scope, const char *asked)
{
  const char *end = strrchr (scope, ':'), *other_end = strrchr (asked, ':');
  if (end == NULL || other_end == NULL || end - scope != other_end - asked
      || strncmp (scope, asked, (size_t) (end - scope)) != 0)
    return FALSE;
  g_auto (GStrv) wanted = g_strsplit (end + 1, ",", -1);
  g_auto (GStrv) had = g_strsplit (other_end + 1, ",", -1);
  gboolean all = TRUE;
  for (char **action = wanted; *action != NULL; action++)
    all = all && g_strv_contains ((const char *const *) had, *action);
  return all;
}

static gboolean
is_part_of_any (const char *scope, const GPtrArray *asked)
{
  for (guint i = 0; i < asked->len; i++)
    if (oci_scope_is_part_of (scope, asked->pdata[i]))
      return TRUE;
  return FALSE;
}

GPtrArray *
oci_scopes_missing (const char *text, const GPtrArray *asked)
{
  GPtrArray *missing = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) parts = g_strsplit (text != NULL ? text : "", " ", -1);
  for (char **part = parts; *part != NULL && missing->len < OCI_SCOPES_MAX; part++)
    if (strchr (*part, ':') != strrchr (*part, ':') && !is_part_of_any (*part, asked)
        && !is_part_of_any (*part, missing))
      g_ptr_array_add (missing, g_strdup (*part));
  return missing;
}
