#include "builder/python/record.h"

#include "oci/base/number.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_ROWS = 200000,
  COLUMNS = 3,
};

static const struct
{
  const char *name;
  size_t bytes;
} algorithms[] = {
  [TERRANE_RECORD_NONE] = { "", 0 },
  [TERRANE_RECORD_SHA256] = { "sha256", 32 },
  [TERRANE_RECORD_SHA384] = { "sha384", 48 },
  [TERRANE_RECORD_SHA512] = { "sha512", 64 },
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
terrane_record_digest_size (TerraneRecordAlgorithm algorithm)
{
  return algorithms[algorithm].bytes;
}

char *
terrane_record_digest_text (TerraneRecordAlgorithm algorithm, const uint8_t *digest)
{
  if (algorithm == TERRANE_RECORD_NONE)
    return g_strdup ("");
  g_autofree char *base64 = g_base64_encode (digest, algorithms[algorithm].bytes);
  g_strdelimit (g_strdelimit (base64, "+", '-'), "/", '_');
  base64[strcspn (base64, "=")] = '\0';
  return g_strconcat (algorithms[algorithm].name, "=", base64, NULL);
}

TerraneRecordRow *
terrane_record_row_new (const char *path)
{
  TerraneRecordRow *self = g_new0 (TerraneRecordRow, 1);
  self->path = g_strdup (path);
  return self;
}

void
terrane_record_row_free (TerraneRecordRow *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self);
}

/* Decodes exactly @len bytes; padding is tolerated, since some tools write it. */
static gboolean
decode_base64 (const char *text, uint8_t *out, size_t len)
{
  uint32_t bits = 0;
  unsigned have = 0;
  size_t n = 0;
  for (; *text != '\0' && *text != '='; text++)
    {
      const char *digit = strchr (alphabet, *text);
      if (digit == NULL)
        return FALSE;
      bits = (bits << 6 | (uint32_t) (digit - alphabet)) & 0xffff;
      have += 6;
      if (have < 8)
        continue;
      if (n == len)
        return FALSE;
      have -= 8;
      out[n++] = (uint8_t) (bits >> have);
    }
  return n == len && have < 6 && strspn (text, "=") == strlen (text);
}

static void G_GNUC_PRINTF (2, 3) note (GPtrArray *problems, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_ptr_array_add (problems, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
parse_digest (const char *text, TerraneRecordRow *row)
{
  const char *equals = strchr (text, '=');
  for (size_t i = TERRANE_RECORD_SHA256; equals != NULL && i < G_N_ELEMENTS (algorithms); i++)
    {
      size_t len = strlen (algorithms[i].name);
      if ((size_t) (equals - text) != len || strncmp (text, algorithms[i].name, len) != 0)
        continue;
      if (decode_base64 (equals + 1, row->digest, algorithms[i].bytes))
        row->algorithm = (TerraneRecordAlgorithm) i;
      else
        memset (row->digest, 0, sizeof row->digest); /* of the bytes decoded so far */
      return;
    }
}

static void
parse_size (const char *text, TerraneRecordRow *row, GPtrArray *problems)
{
  g_autofree char *path = oci_quote (row->path), *quoted = oci_quote (text);
  row->has_size = text[0] != '\0' && oci_parse_u64 (text, INT64_MAX, &row->size, NULL);
  if (text[0] != '\0' && !row->has_size)
    note (problems, "%s of %s is not a size", quoted, path);
}

/* Reads one field up to the comma or line end after it, where it leaves *@at. */
static gboolean
parse_field (const char **at, const char *end, GString *out, GError **error)
{
  const char *p = *at;
  g_string_truncate (out, 0);
  if (p == end || *p != '"')
    {
      while (p < end && *p != ',' && *p != '\n' && *p != '\r')
        p++;
      g_string_append_len (out, *at, p - *at);
      *at = p;
      return TRUE;
    }
  for (p++;; p++)
    {
      if (p == end)
        return oci_throw (error, OCI_ERROR_FORMAT, "a quoted field has no end");
      if (*p == '"' && (++p == end || *p != '"'))
        break;
      g_string_append_c (out, *p);
    }
  if (p < end && *p != ',' && *p != '\n' && *p != '\r')
    return oci_throw (error, OCI_ERROR_FORMAT, "text after a quoted field");
  *at = p;
  return TRUE;
}

/* Reads a line and its end. */
static gboolean
parse_line (const char **at, const char *end, GString *const fields[COLUMNS], GError **error)
{
  for (int i = 0; i < COLUMNS; i++)
    {
      if (!parse_field (at, end, fields[i], error))
        return FALSE;
      gboolean more = *at < end && **at == ',';
      if (more != (i + 1 < COLUMNS))
        return oci_throw (error, OCI_ERROR_FORMAT, "a row has not %d columns", COLUMNS);
      if (more)
        (*at)++;
    }
  return TRUE;
}

static gboolean
add_row (GHashTable *rows, GString *const fields[COLUMNS], GPtrArray *problems, GError **error)
{
  g_autofree char *path = NULL;
  const char *raw = fields[0]->str, *relative = raw + strspn (raw, "/");
  if (!oci_path_normalise (relative, &path, error))
    return FALSE;
  if (g_str_has_suffix (raw, "/"))
    return TRUE;
  g_autofree char *quoted = oci_quote (raw);
  if (path[0] == '\0')
    return oci_throw (error, OCI_ERROR_FORMAT, "%s: no path of a file", quoted);
  if (g_hash_table_size (rows) + problems->len >= MAX_ROWS)
    return oci_throw (error, OCI_ERROR_LIMIT, "over %d rows", MAX_ROWS);
  if (relative != raw)
    note (problems, "%s has a slash in front", quoted);
  if (g_hash_table_contains (rows, path))
    {
      note (problems, "%s is there twice", quoted);
      return TRUE;
    }
  TerraneRecordRow *row = terrane_record_row_new (path);
  parse_digest (fields[1]->str, row);
  parse_size (fields[2]->str, row, problems);
  g_hash_table_insert (rows, row->path, row);
  return TRUE;
}

static gboolean
parse_rows (const char *at, const char *end, GString *const fields[COLUMNS], GHashTable *rows,
            GPtrArray *problems, GError **error)
{
  while (at < end)
    {
      if (*at == '\n' || *at == '\r') /* line ends, and empty lines */
        {
          at++;
          continue;
        }
      if (!parse_line (&at, end, fields, error) || !add_row (rows, fields, problems, error))
        return FALSE;
    }
  return TRUE;
}

GHashTable *
terrane_record_parse (GBytes *bytes, GPtrArray *problems, GError **error)
{
  OCI_PREFIX (error, "RECORD");
  gsize size = 0;
  const char *text = g_bytes_get_data (bytes, &size);
  g_autoptr (GHashTable) rows = g_hash_table_new_full (oci_text_hash, g_str_equal, NULL,
                                                       (GDestroyNotify) terrane_record_row_free);
  if (size == 0)
    return g_steal_pointer (&rows);
  if (!g_utf8_validate (text, (gssize) size, NULL))
    {
      oci_throw (error, OCI_ERROR_FORMAT, "not UTF-8 text");
      return NULL;
    }
  g_autoptr (GString) path = g_string_new (NULL);
  g_autoptr (GString) digest = g_string_new (NULL);
  g_autoptr (GString) length = g_string_new (NULL);
  GString *const fields[COLUMNS] = { path, digest, length };
  if (!parse_rows (text, text + size, fields, rows, problems, error))
    return NULL;
  return g_steal_pointer (&rows);
}

static void
write_field (GString *out, const char *text)
{
  if (strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (out, text);
      return;
    }
  g_string_append_c (out, '"');
  for (; *text != '\0'; text++)
    g_string_append (out, *text == '"' ? "\"\"" : (const char[2]){ *text, '\0' });
  g_string_append_c (out, '"');
}

GBytes *
terrane_record_write (GPtrArray *rows)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < rows->len; i++)
    {
      const TerraneRecordRow *row = rows->pdata[i];
      g_autofree char *digest = terrane_record_digest_text (row->algorithm, row->digest);
      write_field (out, row->path);
      g_string_append_printf (out, ",%s,", digest);
      if (row->has_size)
        g_string_append_printf (out, "%" G_GUINT64_FORMAT, row->size);
      g_string_append_c (out, '\n');
    }
  return g_string_free_to_bytes (out);
}
