#include "builder/python/wheel-name.h"

#include "builder/python/name.h"
#include "builder/python/version.h"
#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_BYTES = 255, /* of a file name on Linux */
  MAX_TAGS = 1024, /* that a compressed tag set expands to */
};

static const char extension[] = ".whl";

static gboolean
malformed (const char *file_name, const char *why, GError **error)
{
  g_autofree char *quoted = oci_quote (file_name);
  return oci_throw (error, OCI_ERROR_FORMAT, "%s is not the name of a wheel: %s", quoted, why);
}

gboolean
terrane_wheel_name_is_wheel (const char *file_name)
{
  return g_str_has_suffix (file_name, extension);
}

void
terrane_wheel_name_free (TerraneWheelName *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->version);
  g_free (self->build_suffix);
  g_strfreev (self->python);
  g_strfreev (self->abi);
  g_strfreev (self->platform);
  g_free (self);
}

static gboolean
is_word (const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && *text != '_')
      return FALSE;
  return TRUE;
}

/* Returns the members of a compressed tag set, or NULL if it is not one. */
static GStrv
read_tags (const char *text)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);
  g_auto (GStrv) tags = g_strsplit (lower, ".", -1);
  if (tags[0] == NULL)
    return NULL;
  for (char **tag = tags; *tag != NULL; tag++)
    if (**tag == '\0' || !is_word (*tag))
      return NULL;
  return g_steal_pointer (&tags);
}

static gboolean
read_build (TerraneWheelName *self, const char *file_name, const char *text, GError **error)
{
  size_t digits = strspn (text, "0123456789");
  if (digits == 0)
    return malformed (file_name, "its build tag does not start with a digit", error);
  for (const char *p = text + digits; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("._+", *p) == NULL)
      return malformed (file_name, "its build tag has a strange character", error);
  g_autofree char *number = g_strndup (text, digits);
  if (!oci_parse_u64 (number, UINT64_MAX, &self->build_number, NULL))
    return oci_throw (error, OCI_ERROR_LIMIT, "the build number %s of a wheel is too large",
                      number);
  self->has_build = TRUE;
  self->build_suffix = g_strdup (text + digits);
  return TRUE;
}

static gboolean
read_name (TerraneWheelName *self, const char *file_name, const char *text, GError **error)
{
  /* "Escaping and Unicode": a run of separators is one "_"; two would hide a part. */
  if (!terrane_python_is_name (text) || strstr (text, "__") != NULL)
    return malformed (file_name, "it does not start with the name of a project", error);
  self->name = terrane_python_normalise_name (text);
  return TRUE;
}

/* @parts are the five or six that dashes separate. */
static gboolean
read_parts (TerraneWheelName *self, const char *file_name, char **parts, GError **error)
{
  char **tags = parts + g_strv_length (parts) - 3;
  if (!read_name (self, file_name, parts[0], error))
    return FALSE;
  g_autoptr (TerraneVersion) version = terrane_version_parse (parts[1], NULL);
  if (version == NULL)
    return malformed (file_name, "its second part is not a version", error);
  self->version = g_strdup (terrane_version_text (version));
  if (tags > parts + 2 && !read_build (self, file_name, parts[2], error))
    return FALSE;
  self->python = read_tags (tags[0]);
  self->abi = read_tags (tags[1]);
  self->platform = read_tags (tags[2]);
  if (self->python == NULL || self->abi == NULL || self->platform == NULL)
    return malformed (file_name, "its last three parts are not tags", error);
  size_t n_tags = (size_t) g_strv_length (self->python) * g_strv_length (self->abi)
                  * g_strv_length (self->platform);
  if (n_tags > MAX_TAGS)
    return oci_throw (error, OCI_ERROR_LIMIT, "the name of a wheel stands for %zu tags, at most %d",
                      n_tags, MAX_TAGS);
  return TRUE;
}

TerraneWheelName *
terrane_wheel_name_parse (const char *file_name, GError **error)
{
  size_t length = strlen (file_name);
  if (length > MAX_BYTES)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "the name of a wheel has %zu bytes, at most %d", length,
                 MAX_BYTES);
      return NULL;
    }
  if (!terrane_wheel_name_is_wheel (file_name))
    {
      malformed (file_name, "it does not end in .whl", error);
      return NULL;
    }
  g_autofree char *stem = g_strndup (file_name, length - strlen (extension));
  g_auto (GStrv) parts = g_strsplit (stem, "-", -1);
  if (g_strv_length (parts) != 5 && g_strv_length (parts) != 6)
    {
      malformed (file_name, "it does not have five or six parts with dashes between", error);
      return NULL;
    }
  g_autoptr (TerraneWheelName) self = g_new0 (TerraneWheelName, 1);
  if (!read_parts (self, file_name, parts, error))
    return NULL;
  if (self->build_suffix == NULL)
    self->build_suffix = g_strdup ("");
  return g_steal_pointer (&self);
}

int
terrane_wheel_name_compare_builds (const TerraneWheelName *a, const TerraneWheelName *b)
{
  if (a->has_build != b->has_build)
    return a->has_build ? 1 : -1;
  if (a->build_number != b->build_number)
    return a->build_number > b->build_number ? 1 : -1;
  int order = strcmp (a->build_suffix, b->build_suffix);
  return (order > 0) - (order < 0);
}
