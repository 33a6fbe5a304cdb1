#include "builder/python/metadata.h"

#include "builder/python/name.h"

#include <string.h>

enum
{
  MAX_REQUIREMENTS = 10000,
};

/* Returns the length of the field name at the start of @line, 0 if there is none. RFC 822:
 * printable ASCII without the colon. */
static size_t
field_name_length (const char *line, size_t len)
{
  size_t n = 0;
  while (n < len && line[n] > ' ' && line[n] < 0x7f && line[n] != ':')
    n++;
  return n < len && line[n] == ':' ? n : 0;
}

static size_t
line_length (const char *at, const char *end)
{
  const char *newline = memchr (at, '\n', (size_t) (end - at));
  return (size_t) ((newline != NULL ? newline : end) - at);
}

/* Returns the line without the carriage return of a CRLF. */
static size_t
without_return (const char *line, size_t len)
{
  return len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

/* Appends the lines at *@at that continue a field; each begins with a space. */
static void
unfold (GString *value, const char **at, const char *end)
{
  while (*at < end && (**at == ' ' || **at == '\t'))
    {
      size_t len = line_length (*at, end);
      g_string_append_c (value, '\n');
      g_string_append_len (value, *at, (gssize) without_return (*at, len));
      *at += MIN (len + 1, (size_t) (end - *at));
    }
}

gboolean
terrane_headers_parse (GBytes *bytes, TerraneHeaderFunc func, gpointer data, GError **error)
{
  gsize size = 0;
  const char *at = g_bytes_get_data (bytes, &size);
  if (size == 0)
    return TRUE;
  if (!g_utf8_validate (at, (gssize) size, NULL))
    return oci_throw (error, OCI_ERROR_FORMAT, "not UTF-8 text");
  for (const char *end = at + size; at < end;)
    {
      size_t len = line_length (at, end), name_len = field_name_length (at, len);
      if (name_len == 0)
        return TRUE;
      g_autofree char *name = g_strndup (at, name_len);
      g_autoptr (GString) value = g_string_new_len (
          at + name_len + 1, (gssize) without_return (at + name_len + 1, len - name_len - 1));
      at += MIN (len + 1, (size_t) (end - at));
      unfold (value, &at, end);
      if (!func (data, name, g_strstrip (value->str), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
set_once (char **field, const char *name, const char *value, GError **error)
{
  if (*field != NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "%s is there twice", name);
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
take_field (gpointer data, const char *name, const char *value, GError **error)
{
  TerraneMetadata *self = data;
  if (g_ascii_strcasecmp (name, "Name") == 0)
    return set_once (&self->name, "Name", value, error);
  if (g_ascii_strcasecmp (name, "Version") == 0)
    return set_once (&self->version, "Version", value, error);
  if (g_ascii_strcasecmp (name, "Requires-Python") == 0)
    return set_once (&self->requires_python, "Requires-Python", value, error);
  if (g_ascii_strcasecmp (name, "Requires-Dist") != 0)
    return TRUE;
  if (self->requires_dist->len >= MAX_REQUIREMENTS)
    return oci_throw (error, OCI_ERROR_LIMIT, "over %d requirements", MAX_REQUIREMENTS);
  g_ptr_array_add (self->requires_dist, g_strdup (value));
  return TRUE;
}

static gboolean
check (const TerraneMetadata *self, GError **error)
{
  if (self->name == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "there is no Name");
  if (self->version == NULL || self->version[0] == '\0')
    return oci_throw (error, OCI_ERROR_FORMAT, "there is no Version");
  if (terrane_python_is_name (self->name))
    return TRUE;
  g_autofree char *quoted = oci_quote (self->name);
  return oci_throw (error, OCI_ERROR_FORMAT, "invalid Name %s of a project", quoted);
}

TerraneMetadata *
terrane_metadata_parse (GBytes *bytes, GError **error)
{
  OCI_PREFIX (error, "METADATA");
  g_autoptr (TerraneMetadata) self = g_new0 (TerraneMetadata, 1);
  self->requires_dist = g_ptr_array_new_with_free_func (g_free);
  if (!terrane_headers_parse (bytes, take_field, self, error) || !check (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
terrane_metadata_free (TerraneMetadata *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->version);
  g_free (self->requires_python);
  g_ptr_array_unref (self->requires_dist);
  g_free (self);
}
