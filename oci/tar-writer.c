#include "oci/tar-writer.h"

#include "oci/base/error.h"

#include <stdio.h>
#include <string.h>

enum
{
  RECORD = 512,
  END_BYTES = 1024, /* two zero records */
  MAX_OCTAL_ID = 07777777,
};

#define MAX_OCTAL_SIZE UINT64_C (077777777777)

/* POSIX.1-1988 ustar header block. */
typedef struct
{
  char name[100];
  char mode[8];
  char uid[8];
  char gid[8];
  char size[12];
  char mtime[12];
  char checksum[8];
  char type;
  char link_name[100];
  char magic[6];
  char version[2];
  char user[32];
  char group[32];
  char major[8];
  char minor[8];
  char prefix[155];
  char padding[12];
} UstarHeader;

G_STATIC_ASSERT (sizeof (UstarHeader) == RECORD);

struct _OciTarWriter
{
  OciSink sink;
  gpointer sink_data;
  uint64_t remaining; /* content bytes that the current entry still owes */
  size_t padding;     /* zero bytes after its content */
};

OciTarWriter *
oci_tar_writer_new (OciSink sink, gpointer sink_data)
{
  OciTarWriter *self = g_new0 (OciTarWriter, 1);
  self->sink = sink;
  self->sink_data = sink_data;
  return self;
}

void
oci_tar_writer_free (OciTarWriter *self)
{
  g_free (self);
}

static gboolean
write_zeros (OciTarWriter *self, size_t len, GError **error)
{
  static const char zeros[END_BYTES];
  return len == 0 || self->sink (self->sink_data, zeros, len, error);
}

static size_t
padding_of (uint64_t size)
{
  return (size_t) ((RECORD - size % RECORD) % RECORD);
}

/* Fixed width, zero-filled, NUL-terminated. The caller has checked that the value fits. */
static void
put_octal (char *field, size_t width, uint64_t value)
{
  field[width - 1] = '\0';
  for (size_t i = width - 1; i-- > 0; value >>= 3)
    field[i] = (char) ('0' + (value & 7));
}

static void
put_checksum (UstarHeader *header)
{
  memset (header->checksum, ' ', sizeof header->checksum);
  unsigned sum = 0;
  for (size_t i = 0; i < sizeof *header; i++)
    sum += ((const unsigned char *) header)[i];
  put_octal (header->checksum, 7, sum);
  header->checksum[7] = ' ';
}

static void
put_text (char *field, size_t width, const char *text, size_t len)
{
  memcpy (field, text, MIN (len, width));
}

static gboolean
is_ascii (const char *text)
{
  for (; *text != '\0'; text++)
    if ((unsigned char) *text >= 0x80)
      return FALSE;
  return TRUE;
}

/* Returns the slash at which ustar may split a long name into prefix and name, or NULL: the last
 * one for which both parts are short enough, so that the result is unique. */
static const char *
find_split (const char *name, size_t len)
{
  const size_t prefix_max = sizeof ((UstarHeader *) NULL)->prefix;
  for (const char *slash = name + MIN (len - 1, prefix_max); slash > name; slash--)
    if (*slash == '/' && slash != name + len - 1)
      return len - (size_t) (slash - name) - 1 <= sizeof ((UstarHeader *) NULL)->name ? slash
                                                                                      : NULL;
  return NULL;
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static void
append_pax (GString *pax, const char *key, const char *value, size_t value_len)
{
  size_t rest = strlen (key) + value_len + 3; /* space, '=', newline */
  size_t len = rest + 1;
  for (size_t digits = 1, bound = 10; len >= bound; bound *= 10)
    len = rest + ++digits;
  g_string_append_printf (pax, "%zu %s=", len, key);
  g_string_append_len (pax, value, (gssize) value_len);
  g_string_append_c (pax, '\n');
}

static void
append_pax_number (GString *pax, const char *key, uint64_t value)
{
  char text[24];
  int len = g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, value);
  append_pax (pax, key, text, (size_t) len);
}

/* POSIX pax: text values in this header are bytes instead of UTF-8. */
static void
prepend_charset (GString *pax)
{
  g_autoptr (GString) record = g_string_new (NULL);
  append_pax (record, "hdrcharset", "BINARY", strlen ("BINARY"));
  g_string_prepend (pax, record->str);
}

static gboolean
append_xattrs (GString *pax, GVariant *xattrs, GError **error)
{
  gsize n = xattrs != NULL ? g_variant_n_children (xattrs) : 0;
  for (gsize i = 0; i < n; i++)
    {
      const char *name = NULL;
      gsize value_len = 0;
      g_autoptr (GVariant) value = NULL;
      g_variant_get_child (xattrs, i, "(^&ay@ay)", &name, &value);
      const char *bytes = g_variant_get_fixed_array (value, &value_len, 1);
      if (value_len == 0 || strchr (name, '=') != NULL)
        {
          g_autofree char *quoted = oci_quote (name);
          return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                            "the extended attribute %s is empty or has ‘=’ in its name, which tar "
                            "cannot hold",
                            quoted);
        }
      g_autofree char *key = g_strconcat ("SCHILY.xattr.", name, NULL);
      append_pax (pax, key, bytes, value_len);
    }
  return TRUE;
}

static gboolean
write_header (OciTarWriter *self, UstarHeader *header, GError **error)
{
  put_octal (header->mtime, sizeof header->mtime, OCI_TAR_MTIME);
  memcpy (header->magic, "ustar", sizeof header->magic);
  memcpy (header->version, "00", sizeof header->version);
  put_octal (header->major, sizeof header->major, 0);
  put_octal (header->minor, sizeof header->minor, 0);
  put_checksum (header);
  return self->sink (self->sink_data, header, sizeof *header, error);
}

static gboolean
write_pax (OciTarWriter *self, const char *path, const GString *pax, GError **error)
{
  const char *base = strrchr (path, '/');
  g_autofree char *name = g_strconcat ("PaxHeaders/", base != NULL ? base + 1 : path, NULL);
  UstarHeader header = { .type = 'x' };
  put_text (header.name, sizeof header.name, name, strlen (name));
  put_octal (header.mode, sizeof header.mode, 0644);
  put_octal (header.uid, sizeof header.uid, 0);
  put_octal (header.gid, sizeof header.gid, 0);
  put_octal (header.size, sizeof header.size, pax->len);
  return write_header (self, &header, error)
         && self->sink (self->sink_data, pax->str, pax->len, error)
         && write_zeros (self, padding_of (pax->len), error);
}

static gboolean
entry_type (const OciEntry *entry, char *out_type, GError **error)
{
  switch (entry->type)
    {
    case OCI_ENTRY_FILE:
      *out_type = '0';
      return TRUE;
    case OCI_ENTRY_HARDLINK:
      *out_type = '1';
      return TRUE;
    case OCI_ENTRY_SYMLINK:
      *out_type = '2';
      return TRUE;
    case OCI_ENTRY_DIRECTORY:
      *out_type = '5';
      return TRUE;
    case OCI_ENTRY_SPECIAL:
    default:
      return oci_throw (error, OCI_ERROR_UNSUPPORTED, "%s is a device, fifo or socket",
                        entry->path);
    }
}

/* Sets name and prefix, or adds the name to @pax. */
static void
put_name (UstarHeader *header, const char *name, GString *pax)
{
  size_t len = strlen (name);
  const char *slash = NULL;
  if (is_ascii (name) && len <= sizeof header->name)
    put_text (header->name, sizeof header->name, name, len);
  else if (is_ascii (name) && (slash = find_split (name, len)) != NULL)
    {
      put_text (header->prefix, sizeof header->prefix, name, (size_t) (slash - name));
      put_text (header->name, sizeof header->name, slash + 1, strlen (slash + 1));
    }
  else
    {
      append_pax (pax, "path", name, len);
      put_text (header->name, sizeof header->name, name, len);
    }
}

static void
put_ids_and_size (UstarHeader *header, const OciEntry *entry, uint64_t size, GString *pax)
{
  if (entry->uid > MAX_OCTAL_ID)
    append_pax_number (pax, "uid", entry->uid);
  if (entry->gid > MAX_OCTAL_ID)
    append_pax_number (pax, "gid", entry->gid);
  if (size > MAX_OCTAL_SIZE)
    append_pax_number (pax, "size", size);
  put_octal (header->mode, sizeof header->mode, entry->mode & 07777);
  put_octal (header->uid, sizeof header->uid, entry->uid > MAX_OCTAL_ID ? 0 : entry->uid);
  put_octal (header->gid, sizeof header->gid, entry->gid > MAX_OCTAL_ID ? 0 : entry->gid);
  put_octal (header->size, sizeof header->size, size > MAX_OCTAL_SIZE ? 0 : size);
}

gboolean
oci_tar_writer_add (OciTarWriter *self, const OciEntry *entry, GError **error)
{
  g_assert (self->remaining == 0 && entry->path[0] != '\0');
  OCI_PREFIX (error, "%s", entry->path);
  UstarHeader header = { 0 };
  if (!entry_type (entry, &header.type, error) || !write_zeros (self, self->padding, error))
    return FALSE;
  self->padding = 0;

  g_autoptr (GString) pax = g_string_new (NULL);
  g_autofree char *name =
      g_strconcat (entry->path, entry->type == OCI_ENTRY_DIRECTORY ? "/" : "", NULL);
  uint64_t size = entry->type == OCI_ENTRY_FILE ? entry->size : 0;
  put_name (&header, name, pax);
  if (entry->type == OCI_ENTRY_SYMLINK || entry->type == OCI_ENTRY_HARDLINK)
    {
      size_t len = strlen (entry->target);
      if (len > sizeof header.link_name || !is_ascii (entry->target))
        append_pax (pax, "linkpath", entry->target, len);
      put_text (header.link_name, sizeof header.link_name, entry->target, len);
    }
  if (!g_utf8_validate (name, -1, NULL)
      || (entry->target != NULL && !g_utf8_validate (entry->target, -1, NULL)))
    prepend_charset (pax);
  put_ids_and_size (&header, entry, size, pax);
  if (entry->type != OCI_ENTRY_HARDLINK && !append_xattrs (pax, entry->xattrs, error))
    return FALSE;
  if ((pax->len > 0 && !write_pax (self, entry->path, pax, error))
      || !write_header (self, &header, error))
    return FALSE;
  self->remaining = size;
  self->padding = padding_of (size);
  return TRUE;
}

gboolean
oci_tar_writer_data (OciTarWriter *self, const void *data, size_t len, GError **error)
{
  if (len > self->remaining)
    return oci_throw (error, OCI_ERROR_CORRUPT, "content is longer than its announced size");
  self->remaining -= len;
  return self->sink (self->sink_data, data, len, error);
}

gboolean
oci_tar_writer_finish (OciTarWriter *self, GError **error)
{
  if (self->remaining > 0)
    return oci_throw (error, OCI_ERROR_CORRUPT, "content is shorter than its announced size");
  return write_zeros (self, self->padding, error) && write_zeros (self, END_BYTES, error);
}
