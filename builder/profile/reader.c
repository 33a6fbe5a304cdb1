#include "builder/profile/reader.h"

#include <string.h>

enum
{
  MAX_NAME = 128,
};

char *
terrane_profile_resolve_path (const TerraneProfileReader *self, const OciJson *at, const char *path)
{
  g_autofree char *directory = g_path_get_dirname (terrane_provenance_file (self->provenance, at));
  if (g_path_is_absolute (path))
    g_hash_table_add (self->absolute, g_strdup (path));
  if (g_path_is_absolute (path) || g_str_equal (directory, "."))
    return g_strdup (path);
  return g_build_filename (directory, path, NULL);
}

void
terrane_profile_read_path (const TerraneProfileReader *self, const OciJson *at, char **out_path)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  if (text[0] == '\0')
    oci_json_problem (at, "expected a path, got an empty string");
  else if (strstr (text, "://") != NULL)
    {
      g_autofree char *quoted = oci_quote (text);
      oci_json_problem (at, "expected a path, or an https:// URL where one is possible, got %s",
                        quoted);
    }
  else
    *out_path = terrane_profile_resolve_path (self, at, text);
}

/* Names are used in image names and layer histories: lower case, as registries require. */
gboolean
terrane_profile_is_name (const char *text)
{
  size_t len = strlen (text);
  if (len == 0 || len > MAX_NAME || !g_ascii_isalnum (text[0]) || !g_ascii_isalnum (text[len - 1]))
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p) && *p != '.' && *p != '_' && *p != '-')
      return FALSE;
  return TRUE;
}

void
terrane_profile_read_name (const OciJson *at, char **out_name)
{
  const char *text;
  if (!oci_json_string (at, &text))
    return;
  g_autofree char *quoted = oci_quote (text);
  if (terrane_profile_is_name (text))
    {
      g_free (*out_name);
      *out_name = g_strdup (text);
    }
  else
    oci_json_problem (
        at, "invalid name %s: use lower-case letters, digits, and ‘.’, ‘_’, ‘-’ inside", quoted);
}

gboolean
terrane_profile_check_string_map (const OciJson *at)
{
  const char *name;
  json_t *value;
  if (!oci_json_object (at, NULL))
    return FALSE;
  json_object_foreach ((json_t *) at->value, name, value)
  {
    OciJson entry;
    const char *text;
    g_autofree char *quoted = oci_quote (name);
    (void) value;
    if (!oci_json_member (at, name, &entry))
      oci_json_problem (at, "%s is null, expected a string", quoted);
    else
      (void) oci_json_string (&entry, &text); /* notes what is wrong */
    if (name[0] == '\0' || strchr (name, '=') != NULL)
      oci_json_problem (at, "invalid name %s: it is empty or contains ‘=’", quoted);
  }
  return TRUE;
}
