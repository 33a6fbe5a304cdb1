#include "builder/python/dependency.h"

#include "builder/python/name.h"

#include "oci/base/text.h"

#include <string.h>

void
terrane_dependency_free (TerraneDependency *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->normalised);
  g_free (self->specifiers);
  g_free (self->marker);
  g_free (self);
}

static TerraneDependency *
refuse (const char *text, GError **error)
{
  g_autofree char *quoted = oci_quote (text);
  oci_throw (error, OCI_ERROR_FORMAT, "invalid requirement %s", quoted);
  return NULL;
}

static const char *
skip_spaces (const char *p)
{
  return p + strspn (p, " \t");
}

/* Removes spaces and one pair of parentheses around it. */
static char *
trim_specifiers (const char *text, size_t len)
{
  char *specifiers = g_strstrip (g_strndup (text, len));
  size_t last = strlen (specifiers);
  if (last >= 2 && specifiers[0] == '(' && specifiers[last - 1] == ')')
    {
      specifiers[0] = specifiers[last - 1] = ' ';
      g_strstrip (specifiers);
    }
  return specifiers;
}

TerraneDependency *
terrane_dependency_parse (const char *text, GError **error)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  g_autoptr (TerraneDependency) self = g_new0 (TerraneDependency, 1);
  const char *p = skip_spaces (text);
  size_t len = strspn (p, letters);
  self->name = g_strndup (p, len);
  if (!terrane_python_is_name (self->name))
    return refuse (text, error);
  self->normalised = terrane_python_normalise_name (self->name);
  p = skip_spaces (p + len);
  if (*p == '[')
    {
      const char *end = strchr (p, ']');
      if (end == NULL)
        return refuse (text, error);
      p = skip_spaces (end + 1);
    }
  /* In a URL, ";" is part of the URL unless a space precedes it. */
  const char *semicolon = *p == '@' ? strstr (p, " ;") : strchr (p, ';');
  size_t body = semicolon != NULL ? (size_t) (semicolon - p) : strlen (p);
  if (*p != '\0' && strchr ("@(<>=!~;", *p) == NULL)
    return refuse (text, error);
  self->specifiers = *p == '@' ? g_strdup ("") : trim_specifiers (p, body);
  if (semicolon != NULL)
    self->marker = g_strstrip (g_strdup (strchr (semicolon, ';') + 1));
  return g_steal_pointer (&self);
}

GPtrArray *
terrane_egg_requires_parse (const char *text)
{
  GPtrArray *requires = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *copy = g_strdup (text);
  g_autofree char *marker = NULL;
  gboolean wanted = TRUE;
  size_t left = strlen (text) * TERRANE_EGG_REQUIRES_GROWTH; /* a marker is repeated in each line */
  for (char *at = copy, *line; (line = oci_next_line (&at)) != NULL;)
    {
      g_strstrip (line);
      size_t len = strlen (line), size = len + (marker != NULL ? strlen (marker) : 0);
      if (len == 0)
        continue;
      if (line[0] == '[' && line[len - 1] == ']')
        {
          line[len - 1] = '\0';
          wanted = line[1] == ':';
          g_free (marker);
          marker = wanted ? g_strdup (line + 2) : NULL;
          continue;
        }
      if (!wanted)
        continue;
      if (size > left)
        break;
      left -= size;
      g_ptr_array_add (requires,
                       marker != NULL ? g_strconcat (line, " ; ", marker, NULL) : g_strdup (line));
    }
  return requires;
}
