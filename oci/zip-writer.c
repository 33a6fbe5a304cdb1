#include "oci/zip-writer.h"

#include "oci/base/error.h"

#include <libdeflate.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  LOCAL_HEADER_BYTES = 30,
  CENTRAL_HEADER_BYTES = 46,
  END_BYTES = 22,
  END64_BYTES = 56 + 20, /* record and locator */
  MADE_BY_UNIX = 3 << 8,
  VERSION_DEFLATE = 20, /* and directories; APPNOTE 4.4.3.2 */
  VERSION_ZIP64 = 45,
  FLAG_UTF8 = 1 << 11,
  METHOD_STORED = 0,
  METHOD_DEFLATED = 8,
  DOS_DATE_1980 = (1 << 5) | 1, /* years since 1980, month, day */
  DOS_DIRECTORY = 0x10,
  MAX_NAME_BYTES = 0xffff,
  MAX_MEMBERS = 0xffff, /* which means: see ZIP64 */
};

#define MAX_32 UINT64_C (0xffffffff)

struct _OciZipWriter
{
  OciSink sink;
  gpointer sink_data;
  GByteArray *directory;
  uint64_t members;
  uint64_t written;
  uint64_t expected; /* number of bytes that the member still lacks */
};

OciZipWriter *
oci_zip_writer_new (OciSink sink, gpointer sink_data)
{
  OciZipWriter *self = g_new0 (OciZipWriter, 1);
  self->sink = sink;
  self->sink_data = sink_data;
  self->directory = g_byte_array_new ();
  return self;
}

void
oci_zip_writer_free (OciZipWriter *self)
{
  if (self == NULL)
    return;
  g_byte_array_unref (self->directory);
  g_free (self);
}

static void
put16 (GByteArray *out, uint32_t value)
{
  uint16_t bytes = GUINT16_TO_LE ((uint16_t) value);
  g_byte_array_append (out, (const guint8 *) &bytes, sizeof bytes);
}

static void
put32 (GByteArray *out, uint64_t value)
{
  uint32_t bytes = GUINT32_TO_LE ((uint32_t) value);
  g_byte_array_append (out, (const guint8 *) &bytes, sizeof bytes);
}

static void
put64 (GByteArray *out, uint64_t value)
{
  uint64_t bytes = GUINT64_TO_LE (value);
  g_byte_array_append (out, (const guint8 *) &bytes, sizeof bytes);
}

static gboolean
emit (OciZipWriter *self, const void *data, size_t len, GError **error)
{
  self->written += len;
  return len == 0 || self->sink (self->sink_data, data, len, error);
}

static gboolean
is_ascii (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if ((guint8) *p >= 0x80)
      return FALSE;
  return TRUE;
}

/* The fields that both headers have, from "version needed to extract". */
static void
put_common (GByteArray *out, const char *name, const OciZipContent *content)
{
  put16 (out, VERSION_DEFLATE);
  put16 (out, is_ascii (name) ? 0 : FLAG_UTF8);
  put16 (out, content->deflated ? METHOD_DEFLATED : METHOD_STORED);
  put16 (out, 0); /* 00:00:00 */
  put16 (out, DOS_DATE_1980);
  put32 (out, content->crc);
  put32 (out, content->packed_size);
  put32 (out, content->size);
  put16 (out, (uint32_t) strlen (name));
  put16 (out, 0); /* extra fields */
}

static uint32_t
attributes (const OciEntry *entry)
{
  uint32_t mode = entry->mode & 07777;
  if (entry->type == OCI_ENTRY_DIRECTORY)
    return ((S_IFDIR | mode) << 16) | DOS_DIRECTORY;
  if (entry->type == OCI_ENTRY_SYMLINK)
    return (uint32_t) (S_IFLNK | 0777) << 16;
  return (S_IFREG | mode) << 16;
}

static void
put_directory (OciZipWriter *self, const OciEntry *entry, const char *name,
               const OciZipContent *content)
{
  GByteArray *out = self->directory;
  g_byte_array_append (out, (const guint8 *) "PK\1\2", 4);
  put16 (out, MADE_BY_UNIX | VERSION_DEFLATE);
  put_common (out, name, content);
  put16 (out, 0); /* comment */
  put16 (out, 0); /* disk */
  put16 (out, 0); /* internal attributes: nothing is marked as text */
  put32 (out, attributes (entry));
  put32 (out, self->written);
  g_byte_array_append (out, (const guint8 *) name, (guint) strlen (name));
}

static gboolean
check_entry (const OciZipWriter *self, const char *name, const OciZipContent *content,
             GError **error)
{
  if (self->expected != 0)
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "%" G_GUINT64_FORMAT " bytes of the file before are missing", self->expected);
  if (!g_utf8_validate (name, -1, NULL))
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "the name is not valid UTF-8, which zip files need");
  if (strlen (name) > MAX_NAME_BYTES)
    return oci_throw (error, OCI_ERROR_LIMIT, "the path has %zu bytes, a zip file takes at most %d",
                      strlen (name), MAX_NAME_BYTES);
  if (content->size >= MAX_32 || content->packed_size >= MAX_32
      || self->written + content->packed_size + LOCAL_HEADER_BYTES + strlen (name) >= MAX_32)
    return oci_throw (error, OCI_ERROR_LIMIT,
                      "%" G_GUINT64_FORMAT " bytes do not fit into the zip file, which ends at "
                      "4 GiB",
                      content->size);
  return TRUE;
}

gboolean
oci_zip_writer_add (OciZipWriter *self, const OciEntry *entry, const OciZipContent *content,
                    GError **error)
{
  static const OciZipContent none = { 0 };
  OciZipContent target = { 0 };
  g_autofree char *name =
      g_strconcat (entry->path, entry->type == OCI_ENTRY_DIRECTORY ? "/" : "", NULL);
  g_assert (entry->path[0] != '\0');
  if (entry->type == OCI_ENTRY_HARDLINK || entry->type == OCI_ENTRY_SPECIAL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "a zip file holds files, directories and symbolic links only");
  if (entry->type == OCI_ENTRY_SYMLINK)
    {
      target.size = target.packed_size = strlen (entry->target);
      target.crc = libdeflate_crc32 (0, entry->target, target.size);
    }
  const OciZipContent *what = entry->type == OCI_ENTRY_FILE      ? content
                              : entry->type == OCI_ENTRY_SYMLINK ? &target
                                                                 : &none;
  if (!check_entry (self, name, what, error))
    return FALSE;
  g_autoptr (GByteArray) header = g_byte_array_new ();
  g_byte_array_append (header, (const guint8 *) "PK\3\4", 4);
  put_common (header, name, what);
  g_byte_array_append (header, (const guint8 *) name, (guint) strlen (name));
  put_directory (self, entry, name, what);
  self->members++;
  self->expected = entry->type == OCI_ENTRY_FILE ? what->packed_size : 0;
  return emit (self, header->data, header->len, error)
         && (entry->type != OCI_ENTRY_SYMLINK || emit (self, entry->target, target.size, error));
}

gboolean
oci_zip_writer_data (OciZipWriter *self, const void *data, size_t len, GError **error)
{
  if (len > self->expected)
    return oci_throw (error, OCI_ERROR_CORRUPT, "the file has more bytes than were announced");
  self->expected -= len;
  return emit (self, data, len, error);
}

/* APPNOTE 4.3.14 to 4.3.16. Only the number of members can exceed the old record. */
gboolean
oci_zip_writer_finish (OciZipWriter *self, GError **error)
{
  uint64_t start = self->written, size = self->directory->len;
  gboolean zip64 = self->members >= MAX_MEMBERS;
  if (self->expected != 0)
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "%" G_GUINT64_FORMAT " bytes of the last file are missing", self->expected);
  if (start + size >= MAX_32)
    return oci_throw (error, OCI_ERROR_LIMIT, "the zip file would be larger than 4 GiB");
  g_autoptr (GByteArray) end = g_byte_array_new ();
  if (zip64)
    {
      g_byte_array_append (end, (const guint8 *) "PK\6\6", 4);
      put64 (end, 56 - 12); /* of the record from here on */
      put16 (end, MADE_BY_UNIX | VERSION_ZIP64);
      put16 (end, VERSION_ZIP64);
      put32 (end, 0); /* this disk */
      put32 (end, 0); /* disk of the directory */
      put64 (end, self->members);
      put64 (end, self->members);
      put64 (end, size);
      put64 (end, start);
      g_byte_array_append (end, (const guint8 *) "PK\6\7", 4);
      put32 (end, 0); /* disk of the record */
      put64 (end, start + size);
      put32 (end, 1); /* disks */
    }
  g_byte_array_append (end, (const guint8 *) "PK\5\6", 4);
  put16 (end, 0);
  put16 (end, 0);
  put16 (end, zip64 ? MAX_MEMBERS : (uint32_t) self->members);
  put16 (end, zip64 ? MAX_MEMBERS : (uint32_t) self->members);
  put32 (end, size);
  put32 (end, start);
  put16 (end, 0); /* comment */
  return emit (self, self->directory->data, size, error) && emit (self, end->data, end->len, error);
}

uint64_t
oci_zip_overhead (const char *path, gboolean directory)
{
  return LOCAL_HEADER_BYTES + CENTRAL_HEADER_BYTES + 2 * (strlen (path) + (directory ? 1 : 0));
}

uint64_t
oci_zip_end_size (uint64_t n)
{
  return END_BYTES + (n >= MAX_MEMBERS ? END64_BYTES : 0);
}

gboolean
oci_zip_pack (const void *data, size_t len, OciZipContent *out_content, GBytes **out_packed,
              GError **error)
{
  struct libdeflate_compressor *compressor = libdeflate_alloc_compressor (OCI_ZIP_LEVEL);
  if (compressor == NULL)
    return oci_throw (error, OCI_ERROR_IO, "libdeflate has no memory");
  *out_content = (OciZipContent){ .size = len, .crc = libdeflate_crc32 (0, data, len) };
  g_autofree guint8 *packed = g_malloc (len + 1);
  /* If the result is not smaller, it does not fit. */
  size_t n = len > 0 ? libdeflate_deflate_compress (compressor, data, len, packed, len - 1) : 0;
  libdeflate_free_compressor (compressor);
  out_content->deflated = n > 0;
  out_content->packed_size = n > 0 ? n : len;
  *out_packed = n > 0 ? g_bytes_new_take (g_steal_pointer (&packed), n) : g_bytes_new (data, len);
  return TRUE;
}
