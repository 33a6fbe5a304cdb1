#include "builder/python/toml.h"

#include "builder/python/toml-private.h"

#include <string.h>

enum
{
  MAX_BYTES = 8 * 1024 * 1024,
  MAX_VALUES = 500000, /* each costs much more memory than its bytes in the file */
  MAX_PARTS = 64,      /* of a dotted key: each is a table inside the previous one */
};

/* Scans the text for limits that must be checked before the library parses it: the maximum number
 * of values, and the depth of dotted keys. */
typedef struct
{
  const char *at, *end;
  unsigned line;
  size_t values; /* each has a "=" or a "," beside it */
  size_t parts;  /* of a possible key */
} Scan;

static gboolean
starts (const Scan *self, const char *text)
{
  size_t len = strlen (text);
  return (size_t) (self->end - self->at) >= len && memcmp (self->at, text, len) == 0;
}

static void
skip_comment (Scan *self)
{
  const char *newline = memchr (self->at, '\n', (size_t) (self->end - self->at));
  self->at = newline != NULL ? newline : self->end;
}

/* A string ends with the quotes that it starts with; only double quotes have escapes. A string that
 * is not closed on its line is an error, which the library finds at the same place. */
static void
skip_string (Scan *self)
{
  const char quote = *self->at;
  const char *const longs[] = { "\"\"\"", "'''" };
  const char *three = longs[quote == '"' ? 0 : 1];
  gboolean is_long = starts (self, three);
  self->at += is_long ? 3 : 1;
  while (self->at < self->end)
    {
      if (is_long ? starts (self, three) : *self->at == quote)
        {
          self->at += is_long ? 3 : 1;
          return;
        }
      if (*self->at == '\n' && !is_long)
        return;
      if (*self->at == '\n')
        self->line++;
      self->at += quote == '"' && *self->at == '\\' && self->end - self->at > 1 ? 2 : 1;
    }
}

static gboolean
is_of_key (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-' || c == ' ' || c == '\t';
}

static gboolean
scan_next (Scan *self)
{
  const char c = *self->at;
  if (c == '"' || c == '\'')
    {
      skip_string (self);
      return TRUE;
    }
  if (c == '#')
    {
      skip_comment (self);
      return TRUE;
    }
  self->at++;
  if (c == '\n')
    self->line++;
  if (c == '=' || c == ',')
    self->values++;
  if (c == '.')
    self->parts++;
  else if (!is_of_key (c))
    self->parts = 0;
  return self->parts < MAX_PARTS && self->values <= MAX_VALUES;
}

static gboolean
check_limits (const char *name, const char *text, size_t size, GError **error)
{
  Scan scan = { .at = text, .end = text + size, .line = 1 };
  while (scan.at < scan.end)
    if (!scan_next (&scan))
      return scan.parts >= MAX_PARTS
                 ? oci_throw (error, OCI_ERROR_LIMIT, "%s line %u: a key has more than %d parts",
                              name, scan.line, MAX_PARTS)
                 : oci_throw (error, OCI_ERROR_LIMIT, "%s has more than %d values", name,
                              MAX_VALUES);
  return TRUE;
}

static void
take_table (void *data, const json_t *table, unsigned line)
{
  g_hash_table_insert (data, (gpointer) table, GUINT_TO_POINTER (line));
}

gboolean
terrane_toml_parse (const char *name, GBytes *data, TerraneToml *out, GError **error)
{
  gsize size = 0;
  unsigned line = 0;
  char *message = NULL;
  const char *text = g_bytes_get_data (data, &size);
  if (size > MAX_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s has %zu bytes, at most %d are allowed", name,
                      size, MAX_BYTES);
  if (size > 0 && !g_utf8_validate_len (text, size, NULL)) /* refuses NUL too */
    return oci_throw (error, OCI_ERROR_USAGE, "%s is not a text in UTF-8", name);
  if (!check_limits (name, text, size, error))
    return FALSE;
  g_autoptr (GHashTable) lines = g_hash_table_new (NULL, NULL);
  json_t *root =
      terrane_toml_plus_parse (size > 0 ? text : "", size, take_table, lines, &line, &message);
  if (root == NULL && message == NULL)
    g_error ("out of memory"); /* like GLib */
  if (root == NULL)
    {
      g_autofree char *quoted = oci_quote (message);
      free (message);
      if (line == 0)
        return oci_throw (error, OCI_ERROR_USAGE, "%s: this is not TOML: %s", name, quoted);
      return oci_throw (error, OCI_ERROR_USAGE, "%s line %u: this is not TOML: %s", name, line,
                        quoted);
    }
  *out = (TerraneToml){ .root = root, .lines = g_steal_pointer (&lines) };
  return TRUE;
}

unsigned
terrane_toml_line (const TerraneToml *self, const OciJson *at)
{
  for (; at != NULL; at = at->parent)
    {
      gpointer line = g_hash_table_lookup (self->lines, at->value);
      if (line != NULL)
        return GPOINTER_TO_UINT (line);
    }
  return 0;
}

void
terrane_toml_clear (TerraneToml *self)
{
  g_clear_pointer (&self->lines, g_hash_table_unref);
  g_clear_pointer (&self->root, json_decref);
}
