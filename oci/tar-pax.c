#include "oci/tar-pax.h"

#include "oci/base/error.h"
#include "oci/base/number.h"
#include "oci/base/text-hash.h"

#include <string.h>

#define SCHILY_XATTR "SCHILY.xattr."
#define LIBARCHIVE_XATTR "LIBARCHIVE.xattr."

enum
{
  MAX_XATTRS = 1024,
};

void
oci_tar_pax_clear (OciTarPax *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->link_path, g_free);
  g_clear_pointer (&self->sparse_name, g_free);
  g_clear_pointer (&self->xattrs, g_hash_table_unref);
  g_clear_pointer (&self->sparse_map, g_array_unref);
  *self = (OciTarPax){ 0 };
}

gboolean
oci_tar_pax_number (const char *text, uint64_t *out_value, GError **error)
{
  return oci_parse_u64 (text, G_MAXINT64, out_value, error);
}

/* Seconds since 1970, possibly negative, possibly with a fraction, which is dropped. */
static gboolean
read_time (const char *text, int64_t *out, GError **error)
{
  g_autofree char *whole = g_strndup (text, strcspn (text, "."));
  gboolean negative = whole[0] == '-';
  uint64_t value = 0;
  if (!oci_tar_pax_number (whole + (negative ? 1 : 0), &value, error))
    return FALSE;
  *out = negative ? -(int64_t) value : (int64_t) value;
  return TRUE;
}

static gboolean
read_id (const char *text, int64_t *out, GError **error)
{
  uint64_t value = 0;
  if (!oci_tar_pax_number (text, &value, error))
    return FALSE;
  *out = (int64_t) value;
  return TRUE;
}

static gboolean
add_xattr (OciTarPax *self, const char *name, const void *value, size_t len, GError **error)
{
  if (self->xattrs == NULL)
    self->xattrs = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                          (GDestroyNotify) g_variant_unref);
  if (g_hash_table_size (self->xattrs) >= MAX_XATTRS)
    return oci_throw (error, OCI_ERROR_LIMIT, "over %d extended attributes", MAX_XATTRS);
  g_hash_table_replace (
      self->xattrs, g_strdup (name),
      g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, value, len, 1)));
  return TRUE;
}

/* libarchive: the name is percent-encoded, the value base64 without padding. */
static gboolean
add_libarchive_xattr (OciTarPax *self, const char *encoded, const char *value, GError **error)
{
  g_autofree char *name = g_uri_unescape_string (encoded, NULL);
  size_t padding = (4 - strlen (value) % 4) % 4;
  g_autofree char *padded = g_strdup_printf ("%s%.*s", value, (int) padding, "===");
  gsize len = 0;
  g_autofree guchar *bytes = g_base64_decode (padded, &len);
  if (name == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "an extended attribute's name cannot be decoded");
  return add_xattr (self, name, bytes, len, error);
}

static gboolean
add_number (OciTarPax *self, const char *text, GError **error)
{
  uint64_t value = 0;
  if (!oci_tar_pax_number (text, &value, error))
    return FALSE;
  if (self->sparse_map == NULL)
    self->sparse_map = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  g_array_append_val (self->sparse_map, value);
  return TRUE;
}

/* 0.1: GNU.sparse.map=OFFSET,LENGTH,OFFSET,… */
static gboolean
read_map (OciTarPax *self, const char *text, GError **error)
{
  g_auto (GStrv) numbers = g_strsplit (text, ",", -1);
  g_clear_pointer (&self->sparse_map, g_array_unref);
  for (char **n = numbers; *n != NULL; n++)
    if (!add_number (self, *n, error))
      return FALSE;
  return TRUE;
}

static gboolean
read_sparse (OciTarPax *self, const char *key, const char *value, GError **error)
{
  uint64_t number = 0;
  self->sparse = TRUE;
  if (strcmp (key, "name") == 0)
    {
      g_free (self->sparse_name);
      self->sparse_name = g_strdup (value);
      return TRUE;
    }
  if (strcmp (key, "map") == 0)
    return read_map (self, value, error);
  if (strcmp (key, "offset") == 0 || strcmp (key, "numbytes") == 0) /* 0.0: alternating */
    return add_number (self, value, error);
  if (!oci_tar_pax_number (value, &number, error))
    return FALSE;
  if (strcmp (key, "size") == 0 || strcmp (key, "realsize") == 0)
    {
      self->has_real_size = TRUE;
      self->real_size = number;
    }
  else if (strcmp (key, "major") == 0)
    self->sparse_major = (unsigned) MIN (number, 1000);
  else if (strcmp (key, "minor") == 0)
    self->sparse_minor = (unsigned) MIN (number, 1000);
  return TRUE; /* "numblocks" follows from the map */
}

static void
take_text (char **to, const char *value)
{
  g_free (*to);
  *to = value[0] != '\0' ? g_strdup (value) : NULL;
}

static gboolean
read_text_record (OciTarPax *self, const char *key, const char *value, GError **error)
{
  gboolean there = value[0] != '\0'; /* an empty value cancels an earlier one */
  if (strcmp (key, "path") == 0)
    take_text (&self->path, value);
  else if (strcmp (key, "linkpath") == 0)
    take_text (&self->link_path, value);
  else if (strcmp (key, "size") == 0)
    return !(self->has_size = there) || oci_tar_pax_number (value, &self->size, error);
  else if (strcmp (key, "uid") == 0)
    return !(self->has_uid = there) || read_id (value, &self->uid, error);
  else if (strcmp (key, "gid") == 0)
    return !(self->has_gid = there) || read_id (value, &self->gid, error);
  else if (strcmp (key, "mtime") == 0)
    return !(self->has_mtime = there) || read_time (value, &self->mtime, error);
  else if (g_str_has_prefix (key, "GNU.sparse."))
    return read_sparse (self, key + strlen ("GNU.sparse."), value, error);
  else if (strcmp (key, "SCHILY.realsize") == 0)
    self->star_real_size = TRUE;
  return TRUE;
}

/* A key that identifies the member, or its size, cannot apply to all members. */
static gboolean
is_for_one (const char *key)
{
  return g_str_has_prefix (key, SCHILY_XATTR) || g_str_has_prefix (key, LIBARCHIVE_XATTR)
         || strcmp (key, "path") == 0 || strcmp (key, "linkpath") == 0 || strcmp (key, "size") == 0
         || strcmp (key, "SCHILY.realsize") == 0 || g_str_has_prefix (key, "GNU.sparse.");
}

static gboolean
read_record (OciTarPax *self, const char *key, const char *value, size_t len, gboolean global,
             GError **error)
{
  g_autofree char *quoted = oci_quote (key);
  OCI_PREFIX (error, "%s", quoted);
  if (global && is_for_one (key))
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "is set in a global header, though it belongs to one member");
  if (g_str_has_prefix (key, SCHILY_XATTR))
    return add_xattr (self, key + strlen (SCHILY_XATTR), value, len, error);
  if (strlen (value) != len)
    return oci_throw (error, OCI_ERROR_FORMAT, "the value contains a NUL");
  if (g_str_has_prefix (key, LIBARCHIVE_XATTR))
    return add_libarchive_xattr (self, key + strlen (LIBARCHIVE_XATTR), value, error);
  return read_text_record (self, key, value, error);
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts the whole record. */
gboolean
oci_tar_pax_read (OciTarPax *self, const char *records, size_t len, gboolean global, GError **error)
{
  OCI_PREFIX (error, "extended header");
  while (len > 0 && records[0] != '\0') /* some writers pad with NULs */
    {
      size_t digits = 0, total = 0;
      for (; digits < len && digits < 9 && g_ascii_isdigit (records[digits]); digits++)
        total = 10 * total + (size_t) (records[digits] - '0');
      const char *equals = digits > 0 && total > digits + 2 && total <= len
                                   && records[digits] == ' ' && records[total - 1] == '\n'
                               ? memchr (records + digits + 1, '=', total - digits - 2)
                               : NULL;
      if (equals == NULL)
        return oci_throw (error, OCI_ERROR_FORMAT, "it does not consist of records");
      g_autofree char *key =
          g_strndup (records + digits + 1, (size_t) (equals - records) - digits - 1);
      size_t value_len = total - 1 - (size_t) (equals + 1 - records);
      g_autofree char *value = g_malloc (value_len + 1);
      memcpy (value, equals + 1, value_len);
      value[value_len] = '\0';
      if (!read_record (self, key, value, value_len, global, error))
        return FALSE;
      records += total;
      len -= total;
    }
  return TRUE;
}
