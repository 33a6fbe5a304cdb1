/* Chooses from a pylock.toml what applies to an image: by extras, groups, and the image itself. */
#include "builder/python/marker.h"
#include "builder/python/name.h"
#include "builder/python/pylock.h"
#include "builder/python/select-report.h"
#include "builder/python/select.h"
#include "builder/python/tags.h"

static char **
normalise_all (char *const *names)
{
  char **result = g_strdupv ((char **) names);
  for (char **name = result; name != NULL && *name != NULL; name++)
    {
      char *normalised = terrane_python_normalise_name (*name);
      g_free (*name);
      *name = normalised;
    }
  return result;
}

static gboolean
contains (char *const *names, const char *name)
{
  return g_strv_contains ((const char *const *) names, name);
}

static char *
list_all (char *const *a, char *const *b)
{
  GString *text = g_string_new (NULL);
  for (; *a != NULL; a++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", *a);
  for (; *b != NULL; b++)
    g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", *b);
  return g_string_free (text, FALSE);
}

/* @more: further valid names */
static gboolean
check_names (char *const *chosen, char *const *known, char *const *more, const char *what,
             const char *file, GError **error)
{
  for (; *chosen != NULL; chosen++)
    if (!contains (known, *chosen) && !contains (more, *chosen))
      {
        g_autofree char *quoted = oci_quote (*chosen);
        g_autofree char *list = list_all (known, more);
        return oci_throw (error, OCI_ERROR_USAGE, "%s has no %s %s; %s%s", file, what, quoted,
                          list[0] != '\0' ? "it has " : "it has none", list);
      }
  return TRUE;
}

gboolean
terrane_pylock_choose (TerraneRequirements *self, char *const *extras, char *const *groups,
                       const char *file, GError **error)
{
  TerranePylock *pylock = self->pylock;
  char *const none[] = { NULL };
  g_strfreev (pylock->chosen_extras);
  g_strfreev (pylock->chosen_groups);
  pylock->chosen_extras = normalise_all (extras != NULL ? extras : none);
  pylock->chosen_groups = normalise_all (groups != NULL ? groups : pylock->default_groups);
  return check_names (pylock->chosen_extras, pylock->extras, none, "extra", file, error)
         && check_names (pylock->chosen_groups, pylock->groups, pylock->default_groups,
                         "group of dependencies", file, error);
}

/* The image must match one of the environments that the file was made for. */
static gboolean
check_environments (const TerranePylock *pylock, const TerranePythonTarget *target,
                    const char *file, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  for (char **marker = pylock->environments; marker != NULL && *marker != NULL; marker++)
    {
      gboolean holds = FALSE;
      if (!terrane_marker_evaluate (*marker, target, NULL, &holds, error))
        {
          g_prefix_error (error, "%s: environments: ", file);
          return FALSE;
        }
      if (holds)
        return TRUE;
      g_autofree char *quoted = oci_quote (*marker);
      g_string_append_printf (list, "\n  %s", quoted);
    }
  g_autofree char *python = terrane_select_describe_python (target);
  return pylock->environments == NULL
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s was made for other environments than the image's, which is CPython %s "
                       "on Linux on %s; lock for that as well:%s",
                       file, python, terrane_tags_machine (target), list->str);
}

gboolean
terrane_pylock_check_target (const TerraneRequirements *self, const TerranePythonTarget *target,
                             const char *file, GError **error)
{
  const TerranePylock *pylock = self->pylock;
  if (terrane_select_allows_python (pylock->requires_python, target))
    return check_environments (pylock, target, file, error);
  g_autofree char *needs = terrane_describe_requires_python (pylock->requires_python);
  g_autofree char *python = terrane_select_describe_python (target);
  return oci_throw (error, OCI_ERROR_USAGE, "%s %s, the image has %s", file, needs, python);
}
