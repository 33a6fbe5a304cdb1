#include "builder/python/name.h"

#include <string.h>

static gboolean
is_separator (char c)
{
  return c == '-' || c == '_' || c == '.';
}

gboolean
terrane_python_is_name (const char *text)
{
  size_t length = strlen (text);
  if (length == 0 || !g_ascii_isalnum (text[0]) || !g_ascii_isalnum (text[length - 1]))
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && !is_separator (*p))
      return FALSE;
  return TRUE;
}

char *
terrane_python_normalise_name (const char *name)
{
  GString *text = g_string_sized_new (strlen (name));
  for (const char *p = name; *p != '\0'; p++)
    {
      if (!is_separator (*p))
        g_string_append_c (text, g_ascii_tolower (*p));
      else if (!is_separator (p[1]))
        g_string_append_c (text, '-');
    }
  return g_string_free (text, FALSE);
}
